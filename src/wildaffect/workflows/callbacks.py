"""Callbacks of verbs, and what most verbs take: paths and notes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from wildaffect.training.core.distributed import is_first_process
from wildaffect.training.core.epochs import Epoch
from wildaffect.training.core.runs import Run

OnEpochEnd = Callable[[Run, Epoch], None]
OnStepEnd = Callable[[Run, int, int, float], None]
"""Called after every step with its number from 1, the number of steps, and the loss."""
OnEvaluate = Callable[[int], Callable[[int], None]]
"""Called with the number of crops to score; returns what is called with the number of
crops that were scored since its last call."""
OnNote = Callable[[str], None]
"""Called with a sentence for each note; the work continues."""

Paths = str | Path | Sequence[str | Path]


def no_epoch_end(run: Run, epoch: Epoch) -> None:
    """Do nothing."""


def no_step_end(run: Run, step: int, num_steps: int, loss: float) -> None:
    """Do nothing."""


def no_evaluate(num_crops: int) -> Callable[[int], None]:  # noqa: ARG001
    """Return what does nothing."""
    return no_count


def no_count(num: int) -> None:
    """Do nothing."""


def no_note(note: str) -> None:
    """Do nothing."""


class Notes:
    """Notes of the first process: reported at once, and kept for the result."""

    def __init__(self, on_note: OnNote) -> None:
        self._on_note = on_note
        self._texts: list[str] = []

    def add(self, text: str) -> None:
        """Keep a note, and report it immediately."""
        if is_first_process():
            self._texts.append(text)
            self._on_note(text)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the notes so far."""
        return tuple(self._texts)


def paths_of(paths: Paths) -> tuple[Path, ...]:
    """Return one or several paths as a tuple."""
    if isinstance(paths, str | Path):
        return (Path(paths),)
    return tuple(map(Path, paths))
