"""Events as annotation documents of ELAN (`.eaf`, format 3.0)."""

import mimetypes
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from wildaffect.interchange.export import ConvertOptions, Export, ExportFile
from wildaffect.interchange.stored import StoredResult
from wildaffect.interchange.tiers import Tier, relative_media, tiers_of

_TYPE = "events"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NOTES = (
    (
        "A tier per person and kind of event; action units and movements of the head, "
        "which may overlap, have a tier per label."
    ),
    "Times are rounded to milliseconds, the resolution of ELAN.",
)


def write_elan(result: StoredResult, options: ConvertOptions) -> Export:
    """Return the events as an ELAN document that is linked to the media."""
    ET.register_namespace("xsi", _XSI)
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "wildaffect",
            "DATE": datetime.now(UTC).isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    _add_header(root, result, options)
    tiers = tiers_of(result.events())
    slots = sorted({ms for tier in tiers for span in _spans(tier) for ms in span[:2]})
    order = ET.SubElement(root, "TIME_ORDER")
    names = {ms: f"ts{number}" for number, ms in enumerate(slots, 1)}
    for ms, name in names.items():
        ET.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=name, TIME_VALUE=str(ms))
    number = 0
    for tier in tiers:
        element = ET.SubElement(
            root,
            "TIER",
            TIER_ID=tier.name,
            LINGUISTIC_TYPE_REF=_TYPE,
            PARTICIPANT=tier.person,
        )
        for start, stop, label in _spans(tier):
            number += 1
            _add_annotation(element, f"a{number}", names[start], names[stop], label)
    ET.SubElement(
        root,
        "LINGUISTIC_TYPE",
        LINGUISTIC_TYPE_ID=_TYPE,
        TIME_ALIGNABLE="true",
        GRAPHIC_REFERENCES="false",
    )
    ET.indent(root)
    text = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return Export(
        files=(ExportFile(name=f"{result.path.stem}.eaf", content=text),), notes=_NOTES
    )


def _add_header(root: ET.Element, result: StoredResult, options: ConvertOptions) -> None:
    header = ET.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    relative = relative_media(result, options.folder)
    path = result.media_path
    ET.SubElement(
        header,
        "MEDIA_DESCRIPTOR",
        MEDIA_URL=path.as_uri() if path and path.is_absolute() else result.media,
        RELATIVE_MEDIA_URL=relative if relative.startswith("..") else f"./{relative}",
        MIME_TYPE=mimetypes.guess_type(result.media)[0] or "video/mp4",
    )


def _add_annotation(tier: ET.Element, name: str, start: str, stop: str, label: str) -> None:
    annotation = ET.SubElement(tier, "ANNOTATION")
    aligned = ET.SubElement(
        annotation,
        "ALIGNABLE_ANNOTATION",
        ANNOTATION_ID=name,
        TIME_SLOT_REF1=start,
        TIME_SLOT_REF2=stop,
    )
    ET.SubElement(aligned, "ANNOTATION_VALUE").text = label


def _spans(tier: Tier) -> list[tuple[int, int, str]]:
    """Return onset, offset in milliseconds and label; at least a millisecond long."""
    spans = []
    for event in tier.events:
        start = round(event.onset_s * 1000)
        spans.append((start, max(start + 1, round(event.offset_s * 1000)), event.label))
    return spans
