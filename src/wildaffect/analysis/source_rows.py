"""Rows of one opened source, how they end, and the report about them."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from wildaffect.analysis.job import FileJob, FileReport, OnFrame
from wildaffect.analysis.pictures import with_names
from wildaffect.core.errors import Stopped, UnreadableVideo, no_frame_chosen
from wildaffect.core.frames import Frame
from wildaffect.core.results import FaceResult
from wildaffect.inference.analyzer import Analyzer
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.summary import Summarizer
from wildaffect.video.read import VideoReader


class SourceRows:
    """Analysis of one opened source.

    Its threads end with the block, also if it is stopped between two rows.

    Attributes:
        error: Why rows are missing or end early; None before `send_to` has ended.

    Args:
        job: The source and its options.
        analyzer: Model.
        reader: The opened source.
        schema: Columns of the rows.
        on_frame: Called with every decoded frame.

    Raises:
        UnreadableVideo: If the source has no rows.
        UsageError: If no frame was selected, or no face was found for the neutral.
    """

    def __init__(
        self,
        job: FileJob,
        analyzer: Analyzer,
        reader: VideoReader,
        schema: ResultSchema,
        on_frame: OnFrame,
    ) -> None:
        self.error: str | None = None
        self._job, self._reader = job, reader
        self._started_s = time.monotonic()
        self._summarizer = Summarizer(schema.spaces)
        self._neutrals = job.neutral.neutrals(analyzer, job.source, job.read)
        self._pictures = job.read.pictures(job.source)
        self._run = closing(
            analyzer.run(_reported(reader, on_frame), self._neutrals.of_track)
        )

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            results = stack.enter_context(self._run)
            named = with_names(results, self._job.label, self._pictures)
            rows = self._summarizer.observe(named)
            first = next(rows, None)
            if first is None:
                raise no_frame_chosen(self._reader.info.name)
            self._rows = chain([first], rows)
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run.__exit__(kind, error, trace)

    def send_to(self, *receivers: Callable[[Sequence[FaceResult]], None]) -> Stopped | None:
        """Give every row to each receiver; return what stops the command after them.

        A source that breaks off, or has frames that cannot be decoded, leaves its `error`.
        A live source ends on an interrupt, which is not an error.

        Raises:
            KeyboardInterrupt: If a source that is not live is interrupted.
        """
        stop: Stopped | None = None
        try:
            for row in self._rows:
                for receive in receivers:
                    receive([row])
        except UnreadableVideo as broken:
            self.error = str(broken)
        except KeyboardInterrupt as interrupt:
            if not self._job.is_live:
                raise
            stop = interrupt if isinstance(interrupt, Stopped) else None
        error = self.error or lost_frames(self._reader, self._pictures)
        self.error = error and self._job.renamed(error)
        return stop

    def report(
        self, *, result: Path | None = None, overlay: Path | None = None
    ) -> FileReport:
        """Return the outcome, with the files that were written."""
        note = None if self.error else self._note()
        return FileReport(
            source=self._job.name,
            result=result,
            overlay=overlay,
            summary=self._summarizer.run(time.monotonic() - self._started_s),
            tracks=self._summarizer.tracks(),
            error=self.error,
            note=note and self._job.renamed(note),
        )

    def _note(self) -> str | None:
        """Return warnings about the source that affected no row, if any."""
        notes = [_damage(self._reader)] if self._reader.damage else []
        if self._neutrals.are_shared and self._summarizer.most_faces > 1:
            notes.append(
                f"{self._reader.info.name}: up to {self._summarizer.most_faces} people at "
                "once, all read against the one neutral face that was given"
            )
        return "; ".join(notes) or None


def lost_frames(reader: VideoReader, pictures: Sequence[Path]) -> str | None:
    """Return a message about frames of a source without a row, if any."""
    if not reader.damage.lost:
        return None
    names = [pictures[index].name for index in reader.damage.lost[:5]] if pictures else []
    return _damage(reader) + (f": {', '.join(names)}" if names else "")


def _damage(reader: VideoReader) -> str:
    return f"{reader.info.name}: {reader.damage.describe()}"


def _reported(reader: VideoReader, on_frame: OnFrame) -> Iterator[Frame]:
    for frame in reader:
        on_frame(reader.info, frame)
        yield frame
