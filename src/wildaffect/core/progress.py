"""Progress display of every command: bars on a terminal, a line now and then elsewhere."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from wildaffect.core.console import Console
from wildaffect.core.printable import printable

FIRST_LINE_S = 2.0
"""Time until the first lines where bars cannot be shown."""
_GROWTH = 1.5
_MAX_INTERVAL_S = 60.0


class ProgressDisplay:
    """Progress on standard error while it is open, one row per named task.

    On a terminal each row is a bar, removed at the end. Elsewhere, as in a log, rows that
    changed are printed as plain lines: after two seconds, then ever less often, at least
    once a minute.

    Args:
        quiet: Show no rows; `print` still prints.
        first_line_s: Time until the first plain lines.
    """

    def __init__(self, *, quiet: bool = False, first_line_s: float = FIRST_LINE_S) -> None:
        self._first_line_s = first_line_s
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        is_live = self._console.is_terminal and not self._console.is_dumb_terminal
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[count]}", markup=False),
            _TimeColumn(),
            console=self._console,
            disable=quiet or not is_live,
            transient=True,
            redirect_stdout=False,  # it would go to standard error; see `hidden`
        )
        self._ids: dict[str, TaskID] = {}
        self._lines: dict[str, str] = {}
        """State of each row in words."""
        self._ended = threading.Event()
        self._printer: threading.Thread | None = None
        if not (quiet or is_live):
            self._printer = threading.Thread(target=self._print_lines, daemon=True)

    def __enter__(self) -> Self:
        self._bars.start()
        if self._printer:
            self._printer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._printer:
            self._printer.join()
        self._bars.stop()

    def show(
        self,
        name: str,
        done: int | None = None,
        total: int | None = None,
        *,
        text: str | None = None,
    ) -> None:
        """Show the state of a task, in a new row the first time.

        Args:
            name: Name of the task, which identifies its row.
            done: Number of items done; None if they are not counted.
            total: Number of items; None if unknown.
            text: Description of the row; the name by default.
        """
        description = printable(name if text is None else text)
        count = "" if done is None else f"{done}/{'?' if total is None else total}"
        self._lines[name] = f"{description} {count}".strip()
        if name not in self._ids:
            self._ids[name] = self._bars.add_task(description, total=None, count=count)
        self._bars.update(
            self._ids[name],
            description=description,
            completed=done,
            total=total,
            count=count,
        )

    def remove(self, name: str) -> None:
        """Remove the row of a task, if there is one."""
        self._lines.pop(name, None)
        if name in self._ids:
            self._bars.remove_task(self._ids.pop(name))

    def print(self, message: str) -> None:
        """Print a line that stays, above the bars."""
        self._console.print(message, markup=False)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the bars off the terminal while something else is printed on it."""
        if not self._bars.live.is_started:
            yield
            return
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()

    def _print_lines(self) -> None:
        printed: dict[str, str] = {}
        interval_s = self._first_line_s
        while not self._ended.wait(interval_s):
            now = dict(self._lines)
            for name, line in now.items():
                if printed.get(name) != line:
                    self.print(line)
            printed = now
            interval_s = min(interval_s * _GROWTH, _MAX_INTERVAL_S)


class _TimeColumn(TimeRemainingColumn):
    """Time remaining, or the time so far where the total is unknown."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return TimeElapsedColumn().render(task)
        return super().render(task)
