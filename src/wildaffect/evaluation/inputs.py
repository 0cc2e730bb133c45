"""Readers of class maps and lists of videos."""

from pathlib import Path

from pydantic_core import from_json

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import LabelSpace


def read_class_map(path: Path) -> tuple[dict[str, str | None], LabelSpace]:
    """Read a JSON object: predicted class -> annotated class, or null for none.

    Returns:
        The map, and the label space of its predicted classes.

    Raises:
        MissingData: If the file does not exist.
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
    """Read names of videos, one per line.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If it is empty, or is not UTF-8.
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
