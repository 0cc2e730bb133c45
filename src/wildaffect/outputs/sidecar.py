"""JSON sidecar of every result: the meaning of its columns and its origin."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic_core import from_json

from wildaffect.core.errors import OutputError
from wildaffect.core.files import write_whole
from wildaffect.core.printable import printable
from wildaffect.core.tasks import SCALE_TASKS, LabelSpaces
from wildaffect.core.version import __version__
from wildaffect.outputs.partition import companion
from wildaffect.outputs.schema import SCHEMA_VERSION, ResultSchema, arrow_field

_NO_UTF8 = re.compile("[\ud800-\udfff]")
"""Bytes of names that are not UTF-8, which JSON cannot represent; written as `\\xNN`."""

UNFINISHED = "not finished: still being written, or stopped half way"

AS_ANNOTATED = "as annotated"
"""Value of `frames` in the source of a table whose frames have the numbers of annotations
that do not tell from where they count; others count from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Origin of a result; values must be JSON."""

    source: Mapping[str, Any] = field(default_factory=dict)
    """Name, size, codec of the input; with `stamp` (see `resume`) if it is a file."""
    artifact: Mapping[str, Any] = field(default_factory=dict)
    """Name, version and hash of the model."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """All options that affect rows."""

    def digest(self) -> str:
        """Return the hash of input, artifact and options, 64 hexadecimal digits."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """State of a result: complete, or the reason why not."""

    complete: bool
    error: str | None
    num_rows: int | None = None
    size_bytes: int | None = None
    """Size of the result file, to detect a file that was cut or edited later."""


def sidecar_path(result: Path) -> Path:
    """Return the path of the sidecar of a result: `clip.csv.json` for `clip.csv`."""
    return companion(result, result.name + ".json")


def write_sidecar(
    result: Path, schema: ResultSchema, provenance: Provenance, ending: Ending
) -> None:
    """Write the sidecar of `result` atomically.

    Raises:
        OSError: If the file cannot be written.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "wildaffect_version": __version__,
        "columns": [column.describe() for column in schema.columns],
        "label_spaces": describe_spaces(schema.spaces),
        "digest": provenance.digest(),
        **asdict(provenance),
        **asdict(ending),
    }
    replace_document(sidecar_path(result), document)


def describe_spaces(spaces: LabelSpaces) -> dict[str, Any]:
    """Return names and labels of the spaces, without empty sets of scales."""
    empty = {task for task in SCALE_TASKS if not len(spaces.scales(task))}
    return {name: space for name, space in asdict(spaces).items() if name not in empty}


def read_sidecar(result: Path) -> dict[str, Any] | None:
    """Return the sidecar of `result`, or None if there is none.

    Raises:
        OutputError: If it exists and cannot be read, or is not a JSON object.
    """
    path = sidecar_path(result)
    if not path.exists():
        return None
    try:
        document = from_json(path.read_bytes())
    except ValueError as error:
        raise OutputError(f"{path}: sidecar must be JSON, got {error}") from error
    except OSError as error:
        raise OutputError(f"{path}: must be readable, got {error.strerror}") from error
    if not isinstance(document, dict):
        raise OutputError(f"{path}: sidecar must be a JSON object, got {type(document)}")
    return document


def replace_document(path: Path, document: Mapping[str, Any]) -> None:
    """Replace the JSON document at `path` atomically."""
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"
    text = _NO_UTF8.sub(lambda byte: "\\" + printable(byte[0]), text)
    write_whole(path, text.encode())


def stored_fields(result: Path) -> dict[str, pa.Field]:
    """Return column -> Arrow field from the sidecar of `result`, if it has one.

    Raises:
        OutputError: If the types are not those of this version.
    """
    document = read_sidecar(result)
    if document is None:
        return {}
    columns = document.get("columns", ())  # none where a part file had no sidecar
    try:
        return {str(column["name"]): arrow_field(column) for column in columns}
    except (LookupError, TypeError) as error:
        raise OutputError(
            f"{sidecar_path(result)}: columns must be named with their types, got {error!r}"
        ) from error
