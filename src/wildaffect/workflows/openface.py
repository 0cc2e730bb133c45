"""Analyze as OpenFace's `FeatureExtraction` is called, and write its files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from wildaffect.core.errors import WildAffectError
from wildaffect.core.files import write_whole
from wildaffect.core.version import __version__
from wildaffect.interchange import openface
from wildaffect.interchange.export import ConvertOptions, Export
from wildaffect.interchange.openface import openface_writer
from wildaffect.interchange.openface_columns import GROUPS
from wildaffect.interchange.openface_flags import OpenFaceCall
from wildaffect.interchange.stored import StoredResult, load_result
from wildaffect.workflows.analyze_files import analyze_files
from wildaffect.workflows.convert import write_export

RESULTS = "wildaffect-results"
"""Folder, in that of OpenFace's files, for the result tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFaceReport:
    """Files of one input."""

    source: str
    files: tuple[Path, ...] = ()
    error: str | None = None
    """Why there are no files, or why their rows end early."""


def run_openface(call: OpenFaceCall) -> Iterator[OpenFaceReport]:
    """Analyze the inputs and yield a report of each as it ends.

    Writes `NAME.csv` and `NAME_of_details.txt` of each, and the result table in a folder
    beside them.

    Raises:
        UnreadableVideo: If the only input does not exist.
        OutputError: If the folder cannot be written.
    """
    folder = Path(call.folder)
    options = ConvertOptions(openface_groups=call.groups, folder=folder)
    write = openface_writer(openface.C)
    for report in analyze_files(call.files, folder / RESULTS).run():
        if report.result is None:
            yield OpenFaceReport(source=report.source, error=report.error)
            continue
        try:
            result = load_result(report.result)
            export = _named(write(result, options), call.name)
            files = write_export(result, export, folder, "openface", options)
            details = _write_details(result, files[0], call)
        except WildAffectError as error:
            yield OpenFaceReport(source=report.source, error=str(error))
        else:
            files = (*files, details)
            yield OpenFaceReport(source=report.source, files=files, error=report.error)


def _named(export: Export, name: str | None) -> Export:
    if name is None or len(export.files) != 1:
        return export
    named = replace(export.files[0], name=f"{name.removesuffix('.csv')}.csv")
    return replace(export, files=(named,))


def _write_details(result: StoredResult, file: Path, call: OpenFaceCall) -> Path:
    groups = call.groups or tuple(GROUPS)
    path = file.with_name(f"{file.stem}_of_details.txt")
    lines = [
        f"Input:{result.media_path or result.media}",
        f"Output csv:{file.name}",
        f"Gaze: {int('-gaze' in groups)}",
        f"AUs: {int('-aus' in groups)}",
        "Landmarks 2D: 0",
        "Landmarks 3D: 0",
        f"Pose: {int('-pose' in groups)}",
        "Shape parameters: 0",
        f"Written by: wildaffect {__version__}, not OpenFace",
    ]
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())
    return path
