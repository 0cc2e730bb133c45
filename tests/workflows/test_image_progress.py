from wildaffect.workflows.image_progress import StepBar


def test_a_bar_of_scoring_is_there_until_all_crops_are_evaluated(tmp_path):
    bar = StepBar(tmp_path)
    seen = bar.callbacks.on_evaluate(100)
    seen(60)
    (scoring,) = [task for task in bar._bar.tasks if task.description == "scoring"]
    assert (scoring.completed, scoring.total) == (60, 100)
    seen(40)
    assert all(task.description != "scoring" for task in bar._bar.tasks)
