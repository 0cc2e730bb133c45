from dataclasses import replace
from pathlib import Path

from wildaffect.cli.training_progress import TrainingProgress
from wildaffect.training.core.epochs import Epoch, TrainingPlan
from wildaffect.training.core.runs import Run

RUN = Run(Path("runs/a"))
EPOCH = Epoch(
    number=1, num_epochs=2, loss=0.5, scores={"score": 1.25}, seconds=1.0, is_best=True
)


def lines_of(progress: TrainingProgress) -> dict[str, str]:
    return progress._open()._lines


def test_a_run_without_steps_counts_its_epochs():
    with TrainingProgress() as progress:
        progress.show_epoch(RUN, EPOCH)
        assert lines_of(progress) == {"a": "a: loss 0.500, score 1.250 1/2"}


def test_a_score_that_is_not_defined_is_no_number():
    with TrainingProgress() as progress:
        progress.show_epoch(RUN, replace(EPOCH, scores={"score": float("nan")}))
        assert lines_of(progress) == {"a": "a: loss 0.500, score not defined 1/2"}


def test_a_run_with_steps_shows_the_last_epoch_beside_them():
    with TrainingProgress() as progress:
        progress.show_step(RUN, 1, 8, 0.75)
        assert lines_of(progress) == {"a": "a: loss 0.750 1/8"}
        progress.show_epoch(RUN, EPOCH)
        progress.show_step(RUN, 5, 8, 0.25)
        assert lines_of(progress) == {"a": "a: loss 0.500, score 1.250 (epoch 1) 5/8"}


def test_rows_of_scoring_and_of_counts_are_there_until_they_are_complete():
    with TrainingProgress() as progress:
        on_progress = progress.show_evaluation(100)
        on_progress(60)
        progress.show_count("videos", 1, 2)
        assert lines_of(progress) == {"scoring": "scoring 60/100", "videos": "videos 1/2"}
        on_progress(40)
        progress.show_count("videos", 2, 2)
        assert lines_of(progress) == {}


def test_notes_are_printed_with_and_without_rows(capsys):
    with TrainingProgress() as progress:
        progress.note("first")
        progress.show_count("videos", 1, 2)
        progress.note("second")
    assert capsys.readouterr().err.splitlines() == ["first", "second"]


def test_the_length_of_a_run_is_printed_in_steps_and_epochs(capsys):
    with TrainingProgress() as progress:
        progress.show_start(
            RUN, TrainingPlan(steps_per_epoch=80, num_epochs=50, patience_epochs=None)
        )
        progress.show_start(
            RUN, TrainingPlan(steps_per_epoch=1, num_epochs=1, patience_epochs=None)
        )
    assert capsys.readouterr().err.splitlines() == [
        "a: 80 steps an epoch, 4,000 steps in 50 epochs",
        "a: 1 step an epoch, 1 step in 1 epoch",
    ]


def test_reading_is_shown_until_the_first_run_starts():
    plan = TrainingPlan(steps_per_epoch=80, num_epochs=50, patience_epochs=None)
    with TrainingProgress() as progress:
        progress.show_reading()
        reading = "reading annotations and features"
        assert lines_of(progress) == {reading: reading}
        progress.show_start(RUN, plan)
        assert lines_of(progress) == {}
