"""Progress display of a training run."""

from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from wildaffect.core.console import Console
from wildaffect.training.core.distributed import is_first_process
from wildaffect.training.core.epochs import Epoch
from wildaffect.training.core.runs import Run


class EpochBar:
    """Bars on standard error from the first epoch on, shown by the first process alone."""

    def __init__(self, num_epochs: int) -> None:
        self._num_epochs = num_epochs
        self._tasks: dict[str, TaskID] = {}
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True, soft_wrap=True),
            transient=True,
            disable=not is_first_process(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._tasks:
            self._bar.stop()

    def show_epoch(self, run: Run, epoch: Epoch) -> None:
        """Show an epoch of a run, each run in a line of its own."""
        name = run.folder.name
        if name not in self._tasks:
            self._bar.start()
            self._tasks[name] = self._bar.add_task(name, total=self._num_epochs)
        text = f"{name}: loss {epoch.loss:.3f}"
        if epoch.scores:
            text += f", score {epoch.scores['score']:.3f}"
        self._bar.update(self._tasks[name], completed=epoch.number, description=text)
