"""Analyze a source into rows in memory, or frame by frame."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.analysis.neutral import AUTO, choose_neutral
from wildaffect.analysis.options import (
    ColumnOptions,
    ReadOptions,
    build_analyzer,
    describe_artifact,
)
from wildaffect.analysis.pictures import (
    owned_frames,
    source_name,
    timed_frames,
    with_names,
)
from wildaffect.analysis.source_rows import lost_frames
from wildaffect.core.errors import TruncatedVideo
from wildaffect.core.frames import Frame
from wildaffect.core.results import FaceResult
from wildaffect.inference.artifact import DEFAULT, Artifact
from wildaffect.outputs.result import AnalysisResult, collect
from wildaffect.outputs.sidecar import Provenance
from wildaffect.runtime.network import Device
from wildaffect.video.inputs import source_of
from wildaffect.video.read import VideoReader

Image = NDArray[np.uint8]
Input = str | Path | int | Image | Sequence[str | Path] | Sequence[Image]
"""Source types that `analyze` accepts."""


def analyze(  # noqa: PLR0913 - each is an option of the command
    source: Input,
    *,
    model: str | Path | Artifact = DEFAULT,
    start_s: float | None = None,
    stop_s: float | None = None,
    every: int = 1,
    images_as: Literal["stills", "sequence"] = "stills",
    fps: float = 30.0,
    neutral: str | Path = AUTO,
    device: str | Device = "cpu",
    landmarks: bool = False,
    blendshapes: bool = False,
    measurements: bool = False,
) -> AnalysisResult:
    """Analyze a video, image, image folder, list of images, camera or address.

    Rows are kept in memory, about 300 bytes each; for videos of many hours use the command,
    which writes as it goes, or `stream`.

    Args:
        source: A path, an address, a camera's number (or its digits; give it a `stop_s`),
            an image as a numpy array, or a list of image paths or of arrays. Arrays are
            RGB, uint8, shape (H, W, 3). OpenCV reads BGR, which cannot be detected and
            leads to wrong results: convert it with `image[..., ::-1]`.
        model: Name of an embedded or added model, folder or zip of an exported one, or
            result of `load_model`.
        start_s: First time to read, inclusive.
        stop_s: Time to stop at, exclusive.
        every: Read the frames whose number this divides.
        images_as: Treat a folder's images as photographs, or as the frames of one video.
        fps: Rate of an image sequence.
        neutral: Neutral face that changes are measured against: a picture or video of the
            person (used for every person), `START-END` in seconds of the source in
            which everyone is neutral, `none` for a face at rest of the population, or
            `auto` to estimate each person's own from calm moments.
        device: Name of the device that runs the networks, or `Device` with threads.
        landmarks: Add the mesh, in pixels.
        blendshapes: Add the blendshape scores.
        measurements: Add the measured features, raw and relative to the person's neutral.

    Returns:
        One row per frame and face, and one per frame without a face; `error` says why rows
        end early if the source broke off.

    Raises:
        UnreadableVideo: If the source cannot be read at all.
        BadArtifact: If the model cannot be used.
        UsageError: If the source is none of these, a number is out of range, or no face was
            found where a neutral face is expected.
    """
    read = ReadOptions(
        start_s=start_s, stop_s=stop_s, every=every, images=images_as, fps=fps
    )
    columns = ColumnOptions(
        landmarks=landmarks, blendshapes=blendshapes, features=measurements
    )
    parsed = source_of(source)
    pictures = read.pictures(parsed)
    with ExitStack() as stack:
        reader = stack.enter_context(read.open(parsed))
        analyzer = build_analyzer(model, device=_device(device), keep_features=measurements)
        choice = choose_neutral(neutral, analyzer)
        choice.check(parsed, read)
        neutrals = choice.neutrals(analyzer, parsed, read)
        results = stack.enter_context(closing(analyzer.run(reader, neutrals.of_track)))
        rows = _UntilTruncated(with_names(results, source_name(parsed), pictures))
        result = collect(
            rows,
            columns.schema(analyzer.artifact.manifest),
            Provenance(
                source=asdict(reader.info),
                artifact=describe_artifact(analyzer),
                options=asdict(read) | asdict(columns) | {"neutral": choice.describe()},
            ),
        )
        error = rows.error or lost_frames(reader, pictures)
    return result if error is None else result.broken_off(error)


def stream(
    frames: Iterable[Frame] | Iterable[Image],
    *,
    fps: float | None = None,
    times_s: Iterable[float] | None = None,
    model: str | Path | Artifact = DEFAULT,
    device: str | Device = "cpu",
    live: bool = True,
    neutral: str | Path = AUTO,
    measurements: bool = False,
) -> Iterator[FaceResult]:
    """Yield the rows of frames as they arrive, in order, a fraction of a second later.

    Args:
        frames: In order of time: RGB arrays (with `fps` or `times_s`), or
            `Frame(index=..., time_s=..., rgb=...)`, which carry their own time. Arrays are
            copied, so that one buffer may be filled again and again.
        fps: Constant rate of arrays.
        times_s: Time of each array in seconds, read along with `frames`.
        model: Name of an embedded or added model, folder or zip of an exported one, or
            result of `load_model`.
        device: Name of the device that runs the networks, or `Device` with threads.
        live: Return results immediately. If False, a person's first rows are delayed by a
            few seconds for a first estimate of the neutral face, as in `analyze`.
        neutral: As for `analyze`, but for a span: frames are read once.
        measurements: Include the measured features in the rows.

    Raises:
        BadArtifact: If the model cannot be used.
        UsageError: If `neutral` is a span, or a file without a usable face, if numbers or
            times of frames do not increase, or an array has no time.
    """
    analyzer = build_analyzer(
        model, device=_device(device), live=live, keep_features=measurements
    )
    choice = choose_neutral(neutral, analyzer)
    choice.check("stream", ReadOptions())
    neutrals = choice.neutrals(analyzer, "stream", ReadOptions())
    if isinstance(frames, VideoReader):
        owned: Iterable[Frame] = frames
    else:
        owned = owned_frames(timed_frames(frames, fps=fps, times_s=times_s))
    yield from analyzer.run(owned, neutrals.of_track)


class _UntilTruncated:
    """Rows up to where the source broke off, and why it did."""

    def __init__(self, rows: Iterable[FaceResult]) -> None:
        self._rows = rows
        self.error: str | None = None

    def __iter__(self) -> Iterator[FaceResult]:
        try:
            yield from self._rows
        except TruncatedVideo as error:
            self.error = str(error)


def _device(device: str | Device) -> Device:
    return Device(name=device) if isinstance(device, str) else device
