"""Terminal handling: signals that stop a command, and its output streams."""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from wildaffect.core.errors import Stopped

STOPS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextlib.contextmanager
def stops_on_signals() -> Iterator[None]:
    """Raise `Stopped` in the block when SIGTERM or SIGHUP arrives.

    Signals that are already ignored (as by `nohup`) or handled keep their behavior.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    ours = [number for number in STOPS if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def status_of(stop: KeyboardInterrupt | BrokenPipeError) -> int:
    """Print why a command stopped and return its exit status."""
    match stop:
        case BrokenPipeError():  # the reader closed the pipe, as `head` does
            return 128 + 13
        case Stopped():
            message, status = str(stop), stop.status
        case _:
            message, status = "stopped", 128 + signal.SIGINT
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(f"wildaffect: {message}", file=sys.stderr)
    return status


def end_on_interrupt() -> None:
    """Let the next SIGINT end a process that has nothing left to finish.

    Python waits for its threads as it ends, and may hang or abort if interrupted then.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def take_every_character() -> None:
    """Print characters that the terminal cannot encode as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def let_go_of_output() -> None:
    """Discard output after its reader has closed, to keep the exit status."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)
