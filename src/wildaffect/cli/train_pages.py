"""What `train` prints: calibration, scores, where everything is."""

from wildaffect.core.console import Console
from wildaffect.training.distributed import is_first_process
from wildaffect.training.pages import fit_table, score_table, table_console
from wildaffect.workflows.training_setup import TrainResult


def print_training(result: TrainResult) -> None:
    """Print the calibration and the scores of a run, in the first process alone."""
    if not is_first_process():
        return
    console = table_console()
    if result.calibration is not None:
        console.print(fit_table(result.calibration, result.recipe.model.tasks))
    if result.scores:
        console.print(score_table(result.scores, result.scored_on))
        last = result.scores[-1]
        console.print(
            f"{result.folder}: score {last.scores['score']:.3f} ({last.low:.3f} to "
            f"{last.high:.3f}, 95 % over videos), {last.name}"
        )
    elif result.trained is not None:
        num_videos = len(result.trained.data.train_videos)
        console.print(f"{result.folder}: trained on {num_videos} videos")


def print_note(note: str) -> None:
    """Print a note on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(note, markup=False)
