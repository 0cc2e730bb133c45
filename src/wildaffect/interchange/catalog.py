"""Formats of other programs that results are written in."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from wildaffect.core.errors import UsageError
from wildaffect.interchange import openface
from wildaffect.interchange.arkit import write_arkit
from wildaffect.interchange.boris import write_boris
from wildaffect.interchange.elan import write_elan
from wildaffect.interchange.export import Writer
from wildaffect.interchange.label_studio import write_label_studio
from wildaffect.interchange.libreface import write_libreface
from wildaffect.interchange.openface import openface_writer
from wildaffect.interchange.pyfeat import write_pyfeat
from wildaffect.interchange.textgrid import write_textgrid
from wildaffect.interchange.xlsx import write_xlsx


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """A format by name."""

    summary: str
    write: Writer


FORMATS: Mapping[str, ExportFormat] = {
    "openface": ExportFormat(
        summary="OpenFace 2 CSV, as built from source (the same as openface-c)",
        write=openface_writer(openface.C),
    ),
    "openface-a": ExportFormat(
        summary="OpenFace CSV until early 2.0: spaces in the header, no face_id",
        write=openface_writer(openface.A),
    ),
    "openface-b": ExportFormat(
        summary="OpenFace 2.1 and 2.2.0 for Windows: spaces in the header",
        write=openface_writer(openface.B),
    ),
    "openface-c": ExportFormat(
        summary="OpenFace 2 as built from source: no spaces in the header",
        write=openface_writer(openface.C),
    ),
    "pyfeat": ExportFormat(summary="CSV of Py-Feat 2 (Fex)", write=write_pyfeat),
    "libreface": ExportFormat(summary="CSV of LibreFace", write=write_libreface),
    "arkit": ExportFormat(
        summary="CSV of Live Link Face: 52 blendshapes of ARKit, a file per person",
        write=write_arkit,
    ),
    "elan": ExportFormat(summary="events as ELAN document (.eaf)", write=write_elan),
    "textgrid": ExportFormat(summary="events as TextGrid of Praat", write=write_textgrid),
    "boris": ExportFormat(summary="events as project of BORIS", write=write_boris),
    "label-studio": ExportFormat(
        summary="events as predictions for Label Studio", write=write_label_studio
    ),
    "xlsx": ExportFormat(summary="the table as a workbook", write=write_xlsx),
}


def find_format(name: str) -> ExportFormat:
    """Return the format of a name.

    Raises:
        UsageError: If there is none; the message suggests the nearest.
    """
    if name not in FORMATS:
        near = get_close_matches(name, FORMATS, n=1) or list(FORMATS)
        raise UsageError(f"no format {name!r}; did you mean {' or '.join(near)}?")
    return FORMATS[name]
