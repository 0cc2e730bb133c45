"""A worker process seen from the service: started when needed, killed when in the way."""

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any

_END_S = 5.0
Work = Callable[[Connection, Any], None]
"""Function that the process runs: importable, with its end of the pipe and settings."""


class WorkerProcess:
    """A process and the pipe to it; a process that has ended is replaced on `start`."""

    def __init__(self, work: Work, settings: object) -> None:
        self._work, self._settings = work, settings
        self._process: Any = None
        self._pipe: Connection | None = None
        self._sending = Lock()
        self.has_ended = False
        self.ending = ""
        """Why the process ended, in words."""

    @property
    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self._process is not None and self._process.is_alive()

    def start(self) -> None:
        """Start the process unless it runs."""
        if self.is_alive:
            return
        self.kill()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=self._work, args=(theirs, self._settings), daemon=True
        )
        self._process.start()
        theirs.close()
        self.has_ended = False

    def send(self, message: object) -> None:
        """Send a message to the process, which was started."""
        assert self._pipe is not None  # noqa: S101 - started
        try:
            with self._sending:
                self._pipe.send(message)
        except OSError:
            self._note_end()

    def receive(self, timeout_s: float) -> object | None:
        """Return the next message; None if there is none in time, or the process ended."""
        assert self._pipe is not None  # noqa: S101 - started
        try:
            return self._pipe.recv() if self._pipe.poll(timeout_s) else None
        except (EOFError, OSError):
            self._note_end()
            return None

    def kill(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if process is not None:
            process.kill()
            process.join(_END_S)
        if pipe is not None:
            pipe.close()

    def _note_end(self) -> None:
        self._process.join(_END_S)
        code = self._process.exitcode
        self.has_ended = True
        if code is not None and code < 0:
            self.ending = signal.Signals(-code).name
        else:
            self.ending = f"status {code}"
