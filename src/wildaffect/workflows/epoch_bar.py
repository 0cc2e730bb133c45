"""What a person sees while a run trains."""

from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from wildaffect.core.console import Console
from wildaffect.training.distributed import is_first_process
from wildaffect.training.runs import Run
from wildaffect.training.trainer import Epoch


class EpochBar:
    """A bar on standard error while it is open, shown by the first process alone."""

    def __init__(self, run: Run, num_epochs: int) -> None:
        self._name = run.folder.name
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True, soft_wrap=True),
            transient=True,
            disable=not is_first_process(),
        )
        self._task = self._bar.add_task(self._name, total=num_epochs)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show_epoch(self, epoch: Epoch) -> None:
        """Show an epoch."""
        said = f"{self._name}: loss {epoch.loss:.3f}"
        if epoch.scores:
            said += f", score {epoch.scores['score']:.3f}"
        self._bar.update(self._task, completed=epoch.number, description=said)
