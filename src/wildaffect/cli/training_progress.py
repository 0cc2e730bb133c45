"""Progress display of training: rows of epochs, steps and counts; notes and results."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from wildaffect.cli.results import Result, print_note, print_result
from wildaffect.core.printable import counted
from wildaffect.core.progress import ProgressDisplay
from wildaffect.training.core.distributed import is_first_process
from wildaffect.training.core.epochs import Epoch, TrainingPlan
from wildaffect.training.core.runs import Run
from wildaffect.training.core.scores import UNDEFINED, score_text

_SCORING, _READING = "scoring", "reading annotations and features"


class TrainingProgress:
    """Rows on standard error, shown by the first process alone, a row per run.

    The display opens with its first row; it is closed while a result is printed.
    """

    def __init__(self) -> None:
        self._display: ProgressDisplay | None = None
        self._texts: dict[str, str] = {}
        """Description of each run that reports its steps."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def show_reading(self) -> None:
        """Show that data are read, until the first run starts."""
        self._open().show(_READING)

    def show_start(self, run: Run, plan: TrainingPlan) -> None:
        """Print the length of a run."""
        if self._display is not None:
            self._display.remove(_READING)
        self.note(
            f"{run.folder.name}: {counted(plan.steps_per_epoch, 'step')} an epoch, "
            f"{counted(plan.num_steps, 'step')} in {counted(plan.num_epochs, 'epoch')}"
        )

    def show_epoch(self, run: Run, epoch: Epoch) -> None:
        """Show loss and score of an epoch, and a count of epochs unless steps are shown."""
        name = run.folder.name
        text = f"{name}: loss {epoch.loss:.3f}"
        if "score" in epoch.scores:
            text += f", score {score_text(epoch.scores['score'], UNDEFINED)}"
        if name in self._texts:
            self._texts[name] = f"{text} (epoch {epoch.number})"
        else:
            self._open().show(name, epoch.number, epoch.num_epochs, text=text)

    def show_step(self, run: Run, step: int, num_steps: int, loss: float) -> None:
        """Show the number of a step."""
        name = run.folder.name
        text = self._texts.setdefault(name, f"{name}: loss {loss:.3f}")
        self._open().show(name, step, num_steps, text=text)

    def show_evaluation(self, num_crops: int) -> Callable[[int], None]:
        """Show a row until all crops are scored; return its update function."""
        done = 0

        def on_progress(num_more: int) -> None:
            nonlocal done
            done += num_more
            if done < num_crops:
                self._open().show(_SCORING, done, num_crops)
            else:
                self._open().remove(_SCORING)

        return on_progress

    def show_count(self, name: str, done: int, total: int | None) -> None:
        """Show a number of items that are done; a complete row is removed."""
        if done == total:
            self._open().remove(name)
        else:
            self._open().show(name, done, total)

    def note(self, text: str) -> None:
        """Print a note above the rows."""
        if self._display is None:
            print_note(text)
        else:
            self._display.print(text)

    def result(self, result: Result) -> None:
        """Print a result; later rows are shown below it."""
        self._close()
        print_result(result)

    def _open(self) -> ProgressDisplay:
        if self._display is None:
            self._display = ProgressDisplay(quiet=not is_first_process())
            self._display.__enter__()
        return self._display

    def _close(self) -> None:
        if self._display is not None:
            self._display.__exit__(None, None, None)
            self._display = None
