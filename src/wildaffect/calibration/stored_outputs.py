"""File with the outputs of many videos, so that they are computed once.

A `.npz` of plain arrays, the concatenated rows of all videos, and a JSON header with
the number of rows by video, the columns and their origin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from wildaffect.core.config import Config, first_problem
from wildaffect.core.errors import BadOutputs, OutputError
from wildaffect.core.npz import open_npz, write_npz
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.core.zips import BadZip

FORMAT_VERSION = 1
HEADER = "header"
KINDS = ("probs", "spread")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOutputs:
    """Outputs of a model for some videos, and the identity of that model."""

    outputs: tuple[SequenceOutputs, ...]
    """Outputs of each video, all with the same tasks."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)
    """Names of the columns of expressions and action units."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Origin of the outputs, such as the run and its hash; values must be JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header(Config):
    format_version: int
    videos: dict[str, int]
    """Rows of each video, in the order of the arrays."""
    probs: tuple[Task, ...]
    spread: tuple[Task, ...]
    spaces: LabelSpaces
    provenance: dict[str, Any]


_ADAPTER = TypeAdapter(_Header)


def save_outputs(stored: StoredOutputs, path: Path) -> None:
    """Write the file atomically.

    Raises:
        BadOutputs: If there is no video, videos repeat or differ in tasks, or there is not
            exactly one column per label.
        OutputError: If the file cannot be written.
    """
    header = _header_of(stored)
    arrays = {
        HEADER: np.frombuffer(_ADAPTER.dump_json(header), np.uint8),
        "frame_number": np.concatenate([output.frame_number for output in stored.outputs]),
        "time_s": np.concatenate([output.time_s for output in stored.outputs]),
    }
    for kind in KINDS:
        for task in getattr(header, kind):
            parts = [getattr(output, kind)[task] for output in stored.outputs]
            arrays[f"{kind}.{task}"] = np.concatenate(parts)
    try:
        write_npz(path, arrays)
    except OSError as error:
        raise OutputError(f"{path}: must be writable, got {error.strerror}") from error


def load_outputs(path: Path) -> StoredOutputs:
    """Read what `save_outputs` wrote.

    Raises:
        BadOutputs: If the file is absent, damaged or of another version.
    """
    arrays = _read_arrays(path)
    header = _read_header(path, arrays)
    edges = np.cumsum(list(header.videos.values()))[:-1]
    try:
        split = {
            name: np.split(values, edges)
            for name, values in arrays.items()
            if name != HEADER
        }
        outputs = tuple(
            SequenceOutputs(
                video=video,
                frame_number=split["frame_number"][index],
                time_s=split["time_s"][index],
                probs={task: split[f"probs.{task}"][index] for task in header.probs},
                spread={task: split[f"spread.{task}"][index] for task in header.spread},
            )
            for index, video in enumerate(header.videos)
        )
    except (KeyError, ValueError) as error:
        raise BadOutputs(f"{path}: arrays do not match the header ({error})") from error
    _check_lengths(path, header, outputs)
    return StoredOutputs(
        outputs=outputs, spaces=header.spaces, provenance=header.provenance
    )


def _header_of(stored: StoredOutputs) -> _Header:
    if not stored.outputs:
        raise BadOutputs("stored outputs: must hold at least one video, got none")
    first = stored.outputs[0]
    videos = {output.video: len(output) for output in stored.outputs}
    if len(videos) < len(stored.outputs):
        raise BadOutputs(
            f"stored outputs: videos must be distinct, got {len(videos)} names for "
            f"{len(stored.outputs)}"
        )
    for output in stored.outputs:
        if (
            output.probs.keys() != first.probs.keys()
            or output.spread.keys() != first.spread.keys()
        ):
            raise BadOutputs(
                f"{output.video}: tasks must be those of {first.video} "
                f"({', '.join(first.probs)}), got {', '.join(output.probs)}"
            )
        for task, space in (
            (Task.EXPRESSION, stored.spaces.expressions),
            (Task.ACTION_UNITS, stored.spaces.action_units),
            (Task.DIMENSIONS, stored.spaces.dimensions),
            (Task.INTENSITIES, stored.spaces.intensities),
        ):
            if task in output.probs and output.probs[task].shape[1] != len(space):
                raise BadOutputs(
                    f"{output.video}: {task} must have one column for each of {len(space)} "
                    f"labels of {space.name}, got {output.probs[task].shape[1]}"
                )
    return _Header(
        format_version=FORMAT_VERSION,
        videos=videos,
        probs=tuple(first.probs),
        spread=tuple(first.spread),
        spaces=stored.spaces,
        provenance=dict(stored.provenance),
    )


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with open_npz(path) as archive:
            return {name: archive[name] for name in archive.names}
    except FileNotFoundError:
        raise BadOutputs(f"no such file: {path}") from None
    except (OSError, BadZip) as error:
        raise BadOutputs(
            f"{path}: must be a whole file of outputs, got {error}; predict again"
        ) from error


def _read_header(path: Path, arrays: dict[str, NDArray[Any]]) -> _Header:
    if HEADER not in arrays:
        raise BadOutputs(f"{path}: must hold the array {HEADER}, got {', '.join(arrays)}")
    raw = arrays[HEADER].tobytes()
    try:
        found = from_json(raw).get("format_version")
        if found != FORMAT_VERSION:
            raise BadOutputs(
                f"{path}: format_version must be {FORMAT_VERSION}, got {found}; use the "
                "wildaffect that wrote it"
            )
        return _ADAPTER.validate_json(raw)
    except ValidationError as error:
        problem = first_problem(error)
        raise BadOutputs(f"{path}: header must be whole, got {problem}") from error
    except (ValueError, AttributeError) as error:
        raise BadOutputs(f"{path}: header must be whole, got {error}") from error


def _check_lengths(
    path: Path, header: _Header, outputs: tuple[SequenceOutputs, ...]
) -> None:
    for output in outputs:
        if len(output) != header.videos[output.video]:
            raise BadOutputs(
                f"{path}: {output.video} must have {header.videos[output.video]} rows, "
                f"got {len(output)}"
            )
