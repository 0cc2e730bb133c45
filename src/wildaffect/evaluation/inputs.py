"""What is compared: annotations and predictions as read, with their hashes."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic_core import from_json

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import BadAnnotation, MissingData, UsageError
from wildaffect.core.tasks import LabelSpace
from wildaffect.evaluation.protocols import Protocol, protocol_of_layout
from wildaffect.evaluation.report import Input
from wildaffect.formats.detect import FORMATS, detect
from wildaffect.formats.generated import find_generated

_CHUNK_BYTES = 1 << 20
_COUNTS_FROM_ONE = ("affwild2-", "disfa")
"""Layouts whose first frame of a video is number 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """One split of annotations, with the metadata of its layout."""

    annotations: Annotations
    input: Input
    protocol: Protocol
    """The protocol that such annotations were made for."""
    first_frame: int | None
    """Number of a video's first frame; None if the layout does not define it."""
    notes: tuple[str, ...]


def read_annotated(
    path: Path, *, layout: str | None = None, split: str | None = None
) -> Annotated:
    """Read one split.

    Args:
        path: Folder of a data set, or one annotation file.
        layout: Name of the layout, if several lie there or the file has another name.
        split: Which, if there are several.

    Raises:
        MissingData: If no known layout lies there.
        UsageError: If layout or split must be chosen, or there is none of that name.
        BadAnnotation: If a file cannot be used at all, or has no row of that split.
    """
    if path.is_file() and layout is not None and layout in FORMATS:
        known, splits = FORMATS[layout], FORMATS[layout].find(path) or {path.stem: path}
    else:
        found = detect(path, layout)
        if len(found) > 1:
            names = ", ".join(each.format.name for each in found)
            raise UsageError(
                f"{path}: several layouts found ({names}); choose one with --format"
            )
        known, splits = found[0].format, found[0].splits
    if split is None and len(splits) > 1:
        raise UsageError(
            f"{path}: several splits found ({', '.join(splits)}); choose one with --split"
        )
    chosen = split or next(iter(splits))
    if chosen not in splits:
        raise UsageError(
            f"{path}: --split must be one of {', '.join(splits)}, got {chosen!r}"
        )
    reading = known.read(splits[chosen], chosen)
    if not len(reading.annotations):
        raise BadAnnotation(splits[chosen], 0, f"must hold rows of {chosen}, got none")
    notes: tuple[str, ...] = ()
    if reading.problems:
        first = reading.problems[0]
        told = (
            f"annotations: {len(reading.problems):,} problems, the first: "
            f"{Path(first.path).name}:{first.line}: {first.text}; see data check"
        )
        notes = (told,)
    files = reading.annotations.files or (str(splits[chosen]),)
    annotations = reading.annotations
    if world := find_generated(path):
        annotations = replace(annotations, source=f"{world.name}, {chosen}")
    return Annotated(
        annotations=annotations,
        input=hash_files(splits[chosen].name, map(Path, dict.fromkeys(files))),
        protocol=protocol_of_layout(known.name),
        first_frame=1 if known.name.startswith(_COUNTS_FROM_ONE) else None,
        notes=notes,
    )


def hash_files(name: str, files: Iterable[Path]) -> Input:
    """Return the hash of one file, or of the names and hashes of several.

    Raises:
        MissingData: If a file cannot be read any more.
    """
    digests = {file.name: _hash(file) for file in files if file.is_file()}
    if not digests:
        return Input(name=name, sha256=None, num_files=0)
    if len(digests) == 1:
        return Input(name=name, sha256=next(iter(digests.values())), num_files=1)
    lines = "".join(f"{digest}  {file}\n" for file, digest in sorted(digests.items()))
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return Input(name=name, sha256=digest, num_files=len(digests))


def read_class_map(path: Path) -> tuple[dict[str, str | None], LabelSpace]:
    """Read a JSON object: predicted class -> annotated class, or null if it has none.

    Returns:
        The map, and the label space of its predicted classes.

    Raises:
        MissingData: If the file is not there.
        BadAnnotation: If it is no such object.
    """
    try:
        document = from_json(path.read_bytes())
    except OSError as error:
        raise MissingData(
            f"{path}: the file must be readable, got {error.strerror}"
        ) from None
    except ValueError as error:
        raise BadAnnotation(path, 0, f"must be JSON, got {error}") from None
    if not isinstance(document, dict) or not document:
        raise BadAnnotation(path, 0, "must be an object of classes, got another value")
    for value in document.values():
        if value is not None and not isinstance(value, str):
            raise BadAnnotation(
                path, 0, f"a class must be mapped to a name or null, got {value!r}"
            )
    return document, LabelSpace(name=f"classes of {path.name}", labels=tuple(document))


def read_video_names(path: Path) -> tuple[str, ...]:
    """Read names of videos, one a line.

    Raises:
        MissingData: If the file is not there.
        BadAnnotation: If it names none, or is not UTF-8.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise MissingData(
            f"{path}: the file must be readable, got {error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise BadAnnotation(path, 0, "must be UTF-8 text, got other bytes") from None
    names = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not names:
        raise BadAnnotation(path, 1, "must name a video in each line, got none")
    return names


def _hash(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
