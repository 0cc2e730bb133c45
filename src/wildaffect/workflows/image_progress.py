"""Progress display of a training run on crops."""

from pathlib import Path
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from wildaffect.core.console import Console
from wildaffect.training.core.distributed import is_first_process
from wildaffect.training.core.epochs import Epoch
from wildaffect.training.images.evaluate import ProgressCallback
from wildaffect.training.images.job import TrainingCallbacks


class StepBar:
    """A bar of steps on standard error, and a line with the scores of the last epoch."""

    def __init__(self, folder: Path) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not is_first_process(),
        )
        self._name = folder.name
        self._task = self._bar.add_task(self._name, total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    @property
    def callbacks(self) -> TrainingCallbacks:
        """Return the progress callback of this bar."""
        return TrainingCallbacks(
            on_epoch_end=self._show_epoch,
            on_step_end=self._show_step,
            on_unreadable=self._tell,
            on_evaluate=self.show_evaluation,
        )

    def show_evaluation(self, num_crops: int) -> ProgressCallback:
        """Show a second bar for the evaluation of crops; return its update function."""
        task = self._bar.add_task("scoring", total=num_crops)

        def seen(num_more: int) -> None:
            self._bar.update(task, advance=num_more)
            if self._bar.tasks[self._bar.task_ids.index(task)].finished:
                self._bar.remove_task(task)

        return seen

    def _show_step(self, done: int, num_steps: int, loss: float) -> None:
        self._bar.update(self._task, completed=done, total=num_steps)
        if done == 1:
            self._bar.update(self._task, description=f"{self._name}: loss {loss:.3f}")

    def _show_epoch(self, epoch: Epoch) -> None:
        text = f"{self._name}: epoch {epoch.number}, loss {epoch.loss:.3f}"
        if "score" in epoch.scores:
            text += f", score {epoch.scores['score']:.3f}"
        self._bar.update(self._task, description=text)

    def _tell(self, unreadable: dict[int, str], num_images: int) -> None:
        if unreadable:
            first = next(iter(unreadable.values()))
            self._console.print(
                f"note: {len(unreadable)} of {num_images} images did not decode and "
                f"trained nothing; the first: {first}",
                markup=False,
            )
