"""Notes of verbs."""

from wildaffect.training.core.callbacks import OnNote
from wildaffect.training.core.distributed import is_first_process


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
