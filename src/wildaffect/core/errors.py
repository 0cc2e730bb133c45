"""Errors caused by a user's input; the command line prints them in one line.

A message reads `<where>: <what> must <rule>, got <value>[; <what to do>]`.
"""

import signal
import traceback
from pathlib import Path

from wildaffect.core.dependencies import dependency_that_differs, misfit


class WildAffectError(Exception):
    """Input, a file or the machine does not allow the request (exit status 1)."""


class UsageError(WildAffectError):
    """A command or call has invalid arguments (exit status 2)."""


class MissingExtra(WildAffectError):
    """A command needs an optional part that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs an extra that is not installed; "
            f"run: pip install 'wildaffect[{extra}]'"
        )


class Stopped(KeyboardInterrupt):
    """The process received SIGTERM or SIGHUP; it ends as on Ctrl-C."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"stopped by {signal.Signals(number).name}")

    @property
    def status(self) -> int:
        """Exit status, by the convention of shells."""
        return 128 + self.number


class UnreadableVideo(WildAffectError):
    """A source cannot be opened or has no frames."""

    def __init__(self, source: str | Path, reason: str) -> None:
        self.source = str(source)
        super().__init__(f"{source}: {reason}")


class TruncatedVideo(UnreadableVideo):
    """Decoding broke off; every frame before `frame_index` was delivered."""

    def __init__(self, source: str | Path, frame_index: int, reason: str) -> None:
        self.frame_index = frame_index
        super().__init__(source, f"frame {frame_index}: {reason}")


class BadAnnotation(WildAffectError):
    """A line of an annotation, list or submission file violates its format."""

    def __init__(self, path: str | Path, line: int, reason: str) -> None:
        self.path = str(path)
        self.line = line
        super().__init__(f"{path}:{line}: {reason}")


class MissingData(WildAffectError):
    """A file or folder of a data set is not where its layout puts it."""


class FeatureError(WildAffectError):
    """Stored features are missing, damaged, or not those requested."""


class SplitError(WildAffectError):
    """A split of videos leaks subjects, was altered, or does not fit the annotations."""


class EvaluationError(WildAffectError):
    """Predictions, annotations and protocol cannot be compared as they are."""


class BadArtifact(WildAffectError):
    """An artifact or a vendored model is incomplete, altered or of another version."""


class BadOutputs(WildAffectError):
    """Stored outputs of a model are missing, damaged, or inconsistent."""


class BadWeights(WildAffectError):
    """A weight file is damaged, unsafe, or belongs to another network."""


class OutputError(WildAffectError):
    """A result cannot be written to the requested place."""


def no_frame_chosen(source: str) -> UsageError:
    """Return the error of a source of which no frame is read."""
    return UsageError(
        f"{source}: start, stop and every must choose at least one frame, got none"
    )


def unexpected(where: str, error: Exception) -> str:
    """Return a one-line description of an unexpected error, for bug reports."""
    dependency = dependency_that_differs(error)
    if dependency is not None:
        return f"{where}: {misfit(dependency, error)}"
    place = traceback.extract_tb(error.__traceback__)[-1]
    reason = " ".join(str(error).split()) or "no reason given"
    return (
        f"{where}: failed unexpectedly, {type(error).__name__}: {reason} "
        f"({Path(place.filename).name}:{place.lineno}); please report this line"
    )


def worker_died(where: str, how: str) -> str:
    """Return the description of a job whose worker process was lost with it."""
    return (
        f"{where}: worker must live until the video ends, got one that {how}; "
        "repeat the command for this video, with fewer workers if memory ran out"
    )
