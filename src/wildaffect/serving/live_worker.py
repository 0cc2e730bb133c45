"""A process that reads the frames of one live session after another.

Pictures from outside are decoded here, never in the process of the service.
"""

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path

from wildaffect.analysis.options import ColumnOptions, build_analyzer
from wildaffect.core.errors import UnreadableVideo, WildAffectError, unexpected
from wildaffect.core.frames import Frame
from wildaffect.inference.analyzer import Analyzer
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.tables import json_rows
from wildaffect.runtime.network import Device
from wildaffect.serving.tasks import WorkerSettings
from wildaffect.serving.worker import prepare_process
from wildaffect.video.image_header import read_header
from wildaffect.video.live import NewestFrames
from wildaffect.video.pixels import decode_image

FORMATS = {"JPEG", "PNG", "WEBP"}
_STATE_S = 0.5


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A frame as it was received; None for a time ends the session."""

    index: int
    time_s: float | None
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class LiveReady:
    """The model is loaded."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """Number of frames so far."""

    num_received: int
    num_dropped: int


@dataclass(frozen=True, slots=True)
class LiveEnd:
    """The session has ended; with an error, the process must not be used again."""

    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """How the process is set up."""

    worker: WorkerSettings
    max_pixels: int


def run_live_worker(connection: Connection, settings: LiveSettings) -> None:
    """Serve sessions until the connection is closed."""
    prepare_process(settings.worker.max_memory_mb)
    with suppress(EOFError, OSError):  # the service has closed the connection
        try:
            analyzer = build_analyzer(
                settings.worker.model,
                device=Device(name=settings.worker.device),
                live=True,
            )
            schema = ColumnOptions().schema(analyzer.artifact.manifest)
            connection.send(LiveReady())
            while True:
                _run_session(connection, analyzer, schema, settings.max_pixels)
                connection.send(LiveEnd())
        except WildAffectError as error:
            connection.send(LiveEnd(str(error)))
        except Exception as error:  # costs this session alone
            connection.send(LiveEnd(unexpected("live", error)))


def _run_session(
    connection: Connection, analyzer: Analyzer, schema: ResultSchema, max_pixels: int
) -> None:
    """Send the rows of a session, each as soon as it is known, as JSON."""
    frames = NewestFrames(_received(connection, max_pixels))
    told_s = 0.0
    with closing(analyzer.run(frames)) as rows:
        for row in rows:
            connection.send(json_rows.rows(schema.batch([row])).decode().rstrip("\n"))
            if time.monotonic() - told_s > _STATE_S:
                told_s = time.monotonic()
                connection.send(LiveState(frames.num_read, frames.num_dropped))


def _received(connection: Connection, max_pixels: int) -> Iterator[Frame]:
    """Yield the frames that arrive until the session ends."""
    while True:
        frame: LiveFrame = connection.recv()
        if frame.time_s is None:
            return
        path = Path(f"frame {frame.index}")
        header = read_header(BytesIO(frame.data), path)
        if header.format not in FORMATS or header.num_pictures != 1:
            raise UnreadableVideo(path, "must be a JPEG, PNG or WebP picture")
        width, height = header.width, header.height
        if width * height > max_pixels:
            text = f"must have at most {max_pixels} pixels, got {width}x{height}"
            raise UnreadableVideo(path, text)
        rgb = decode_image(frame.data, path)
        yield Frame(index=frame.index, time_s=frame.time_s, rgb=rgb)
