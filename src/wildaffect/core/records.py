"""Records in JSON files, read strictly and written atomically."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from wildaffect.core.config import first_problem
from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole

T = TypeVar("T")


def read_record(adapter: TypeAdapter[T], path: Path, what: str) -> T:
    """Read what `write_record` wrote.

    Raises:
        UsageError: If the file is missing, or a key is unknown, missing or invalid.
    """
    try:
        return adapter.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"no such file: {path}") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot read {what}: {error.strerror}") from None
    except ValidationError as error:
        raise UsageError(f"{path}: invalid {what}: {first_problem(error)}") from None


def write_record(adapter: TypeAdapter[T], record: T, path: Path) -> None:
    """Write all fields, defaults included; what is not finite as `NaN` or `Infinity`."""
    values = adapter.dump_python(record, mode="json")
    write_whole(path, to_json(values, indent=1, inf_nan_mode="constants") + b"\n")
