"""Read a camera, an address or a played file, and send rows to other programs."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

from wildaffect.analysis.job import is_live
from wildaffect.analysis.neutral import AUTO, choose_neutral
from wildaffect.analysis.options import (
    ColumnOptions,
    ReadOptions,
    build_analyzer,
    describe_artifact,
)
from wildaffect.analysis.pictures import source_name, with_names
from wildaffect.core.errors import Stopped, UnreadableVideo, UsageError
from wildaffect.core.frames import Frame
from wildaffect.core.printable import printable
from wildaffect.core.tokens import read_token
from wildaffect.inference.artifact import DEFAULT, Artifact
from wildaffect.outputs.schema import ResultSchema
from wildaffect.outputs.sidecar import Provenance
from wildaffect.runtime.network import Device
from wildaffect.sinks.addresses import STANDARD_OUTPUT, sink_of
from wildaffect.sinks.relay import OnState, Relay, StreamState
from wildaffect.sinks.sink import Sink
from wildaffect.video.inputs import parse_source
from wildaffect.video.live import NewestFrames, played
from wildaffect.video.read import VideoReader

_TELL_EVERY_S = 0.25


def stream_to(  # noqa: PLR0913 - each is an option of the command
    source: str | Path | int,
    to: str | Path | Sink | Sequence[str | Path | Sink] = STANDARD_OUTPUT,
    *,
    token_file: str | Path | None = None,
    loop: bool = False,
    stop_s: float | None = None,
    model: str | Path | Artifact = DEFAULT,
    neutral: str | Path = AUTO,
    landmarks: bool = False,
    blendshapes: bool = False,
    measurements: bool = False,
    device: str = "cpu",
    num_threads: int = 1,
    on_state: OnState | None = None,
) -> StreamState:
    """Send the rows of a live source until it ends, or Ctrl-C.

    Every frame is taken when it arrives. If the analysis is slower than the source, frames
    that arrive meanwhile are dropped, except for the newest: rows are never late by more
    than the few frames in progress. Numbers of dropped frames are missing in the rows.

    Args:
        source: A camera's number, an address, or a video file, which is played at its own
            speed as if it were a camera.
        to: Receivers: `-` for JSON Lines on standard output, `ws://HOST:PORT` for a
            WebSocket server, `osc://HOST:PORT`, `zmq://HOST:PORT`, `lsl:NAME`, the name of
            a table, or an own `Sink`.
        token_file: File with the token that clients of a WebSocket must send; by default it
            is that in the environment variable `WILDAFFECT_TOKEN`, if set.
        loop: Play a file again and again.
        stop_s: Time at which to stop.
        model: Name of an embedded or added model, folder or zip of an exported one, or
            result of `load_model`.
        neutral: As for `stream`.
        landmarks: Send the landmarks too.
        blendshapes: Send the blendshape scores too, under the names of ARKit.
        measurements: Send the measured features too.
        device: Name of the device that runs the networks.
        num_threads: Threads per network call.
        on_state: Receives the state, four times a second at most.

    Returns:
        The state at the end.

    Raises:
        UsageError: If an option or an address is wrong.
        UnreadableVideo: If the source cannot be opened.
        OutputError: If a receiver cannot be reached, or a table cannot be written.
        MissingExtra: If a package for a receiver is not installed.
    """
    parsed = parse_source(source)
    if loop and is_live(parsed):
        raise UsageError(f"loop: source must be a file, got {printable(str(source))}")
    read = ReadOptions(stop_s=None if loop else stop_s)
    columns = ColumnOptions(
        landmarks=landmarks, blendshapes=blendshapes, features=measurements
    )
    analyzer = build_analyzer(
        model,
        device=Device(name=device, threads=num_threads),
        live=True,
        keep_features=measurements,
    )
    schema = columns.schema(analyzer.artifact.manifest)
    choice = choose_neutral(neutral, analyzer)
    choice.check("stream", read)
    neutrals = choice.neutrals(analyzer, "stream", read)
    with ExitStack() as opened:
        reader = opened.enter_context(read.open(parsed))
        provenance = Provenance(
            source=asdict(reader.info) | {"path": []},
            artifact=describe_artifact(analyzer),
            options=asdict(read) | asdict(columns) | {"neutral": choice.describe()},
        )
        sinks = _sinks(_listed(to), token_file, schema, provenance)
        if is_live(parsed):
            frames = _closing(reader)
            opened.pop_all()
        else:
            again = partial(_frames_of, partial(read.open, parsed))
            frames = played(again, loop=loop)
        newest = NewestFrames(_until(frames, stop_s))
        relay = Relay(newest, schema, sinks)
        rows = analyzer.run(newest, neutrals.of_track)
        told_s = float("-inf")
        try:
            with ExitStack() as stack:
                for sink in sinks:
                    stack.enter_context(sink)
                stack.enter_context(closing(rows))
                stack.callback(newest.stop)
                for row in with_names(rows, source_name(parsed) or reader.info.name, ()):
                    relay.send(row)
                    if on_state and time.monotonic() - told_s > _TELL_EVERY_S:
                        on_state(relay.state())
                        told_s = time.monotonic()
        except UnreadableVideo as broken:
            return relay.state(error=str(broken))
        except Stopped:
            raise
        except KeyboardInterrupt:
            pass  # ends a live stream, as its table is complete
        return relay.state()


def _listed(to: str | Path | Sink | Sequence[str | Path | Sink]) -> list[str | Path | Sink]:
    if isinstance(to, str | Path):
        return [to]
    return list(to) if isinstance(to, Sequence) else [to]


def _sinks(
    to: Sequence[str | Path | Sink],
    token_file: str | Path | None,
    schema: ResultSchema,
    provenance: Provenance,
) -> list[Sink]:
    places = [str(each) if isinstance(each, Path) else each for each in to]
    if token_file is not None and not any(
        isinstance(place, str) and place.startswith("ws://") for place in places
    ):
        raise UsageError(
            f"{token_file}: token file must go with a receiver that checks it, got none; "
            "add ws://HOST:PORT, or leave it out"
        )
    token = read_token(None if token_file is None else Path(token_file))
    return [
        sink_of(place, schema, provenance, token=token) if isinstance(place, str) else place
        for place in places
    ]


def _frames_of(opened: Callable[[], VideoReader]) -> Iterator[Frame]:
    yield from _closing(opened())


def _closing(reader: VideoReader) -> Iterator[Frame]:
    """Yield the frames of a source, and close it in the thread that reads it."""
    with reader:
        yield from reader


def _until(frames: Iterator[Frame], stop_s: float | None) -> Iterator[Frame]:
    for frame in frames:
        if stop_s is not None and frame.time_s >= stop_s:
            return
        yield frame
