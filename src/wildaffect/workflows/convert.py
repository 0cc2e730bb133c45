"""Write results in the formats of other programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wildaffect.core.errors import OutputError, WildAffectError
from wildaffect.core.files import write_whole
from wildaffect.core.version import __version__
from wildaffect.interchange.catalog import find_format
from wildaffect.interchange.export import (
    ConvertOptions,
    Export,
    ExportFile,
    OpenFaceIntensity,
    Writer,
)
from wildaffect.interchange.stored import StoredResult, load_result
from wildaffect.outputs.find import find_results
from wildaffect.outputs.sidecar import read_sidecar, replace_document, sidecar_path
from wildaffect.workflows.on_result import OnResult, no_progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Files that were written from one result."""

    result: Path
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    """What their reader has to know; also in the sidecar of each file."""
    error: str | None = None


def convert(
    results: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    format: str,  # noqa: A002 - as its flag
    openface_r: OpenFaceIntensity = "intensity",
    openface_all_columns: bool = False,
    on_result: OnResult = no_progress,
) -> Iterator[Conversion]:
    """Write results in the format of another program, a sidecar beside each file.

    Works as its reports are iterated; a result that cannot be converted is a report with
    its error, and the others are still written.

    Args:
        results: Tables that `analyze` wrote, and folders of them.
        output: Folder for the files, created if missing.
        format: Such as `openface`, `pyfeat` or `elan`; see `wildaffect convert --help`.
        openface_r: Source of OpenFace's `_r` columns; `probability5` writes five times the
            probability, which is no intensity.
        openface_all_columns: Write all columns of OpenFace in their places, empty where
            there is no value, for scripts that count columns.
        on_result: Called after each result.

    Raises:
        UsageError: If there is no such format.
        OutputError: If a path does not exist, or a folder has no result.
    """
    write = find_format(format).write
    given = [results] if isinstance(results, str | Path) else results
    found = find_results(given)
    options = ConvertOptions(
        openface_r=openface_r,
        openface_all_columns=openface_all_columns,
        folder=Path(output),
    )
    return _conversions(found, Path(output), format, write, options, on_result)


def _conversions(
    results: list[Path],
    folder: Path,
    name: str,
    write: Writer,
    options: ConvertOptions,
    on_result: OnResult,
) -> Iterator[Conversion]:
    written: dict[Path, Path] = {}
    for done, path in enumerate(results, 1):
        try:
            result = load_result(path)
            export = write(result, options)
            files = write_export(result, export, folder, name, options, written)
        except WildAffectError as error:
            yield Conversion(result=path, error=str(error))
        else:
            written |= dict.fromkeys(files, path)
            yield Conversion(result=path, files=files, notes=export.notes)
        on_result(path.name, done, len(results))


def write_export(
    result: StoredResult,
    export: Export,
    folder: Path,
    name: str,
    options: ConvertOptions,
    written: Mapping[Path, Path] | None = None,
) -> tuple[Path, ...]:
    """Write files with their sidecars; return their paths.

    Args:
        result: Result that they were made from.
        export: Files and notes.
        folder: Folder for them, created if missing.
        name: Name of the format.
        options: Options that they were made with.
        written: File -> result of files that must not be written again.

    Raises:
        OutputError: If a file is a result or one of `written`, or cannot be written.
    """
    written = written or {}
    targets = [folder / file.name for file in export.files]
    for target in targets:
        if target in written:
            raise OutputError(
                f"{result.path}: {target} was written from {written[target]}, of the "
                "same name; convert one of them into another folder"
            )
        is_own = target.resolve() == result.path.resolve()
        if is_own or "schema_version" in (read_sidecar(target) or {}):
            raise OutputError(
                f"{target}: is a result of `wildaffect analyze`; choose another folder "
                "with -o"
            )
    document = {
        "format": name,
        "wildaffect_version": __version__,
        "made_from": {
            "name": result.path.name,
            "digest": result.document.get("digest"),
            "source": result.document.get("source", {}).get("name"),
            "artifact": result.document.get("artifact", {}).get("name"),
        },
        "options": {
            key: value for key, value in asdict(options).items() if key != "folder"
        },
        "notes": export.notes,
    }
    for target, file in zip(targets, export.files, strict=True):
        _write_file(target, file, document)
    return tuple(targets)


def _write_file(target: Path, file: ExportFile, document: dict[str, Any]) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, file.content)
        replace_document(sidecar_path(target), document)
    except OSError as error:
        raise OutputError(
            f"{target}: must be writable, got {error.strerror or error}; choose another "
            "folder with -o"
        ) from error
