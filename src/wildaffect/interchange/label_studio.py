"""Events as tasks of Label Studio with predictions, and the labeling interface for them."""

import json
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from wildaffect.core.events import Event
from wildaffect.core.version import __version__
from wildaffect.interchange.export import ConvertOptions, Export, ExportFile
from wildaffect.interchange.stored import StoredResult
from wildaffect.interchange.tiers import person_name

_NOTES = (
    (
        "Paste the .xml file as the labeling interface, then import the .json file. "
        "data.video is the name of the video: replace it by the address that Label "
        "Studio serves it at."
    ),
    (
        "Ranges are frames from 1, first and last, at the frame rate of the interface; "
        "in videos of variable rate they differ from the frame numbers of the table."
    ),
)


def write_label_studio(result: StoredResult, options: ConvertOptions) -> Export:  # noqa: ARG001
    """Return a task with predictions, and its labeling interface."""
    events = result.events()
    regions = [_region(n, e, result.rate_hz) for n, e in enumerate(events, 1)]
    task = {
        "data": {"video": result.media},
        "predictions": [{"model_version": f"wildaffect-{__version__}", "result": regions}],
    }
    text = json.dumps([task], indent=1, ensure_ascii=False) + "\n"
    stem = result.path.stem
    files = (
        ExportFile(name=f"{stem}.json", content=text.encode()),
        ExportFile(name=f"{stem}.xml", content=_interface(events, result.rate_hz)),
    )
    return Export(files=files, notes=_NOTES)


def _region(number: int, event: Event, rate_hz: float) -> dict[str, Any]:
    first = round(event.onset_s * rate_hz) + 1
    last = max(first, round(event.offset_s * rate_hz))
    return {
        "id": f"event{number}",
        "from_name": "events",
        "to_name": "video",
        "type": "timelinelabels",
        "value": {
            "ranges": [{"start": first, "end": last}],
            "timelinelabels": [event.label],
        },
        "meta": {"text": [person_name(event)]},
    }


def _interface(events: Sequence[Event], rate_hz: float) -> bytes:
    view = ET.Element("View")
    labels = ET.SubElement(view, "TimelineLabels", name="events", toName="video")
    for label in sorted({event.label for event in events}):
        ET.SubElement(labels, "Label", value=label)
    ET.SubElement(
        view,
        "Video",
        name="video",
        value="$video",
        frameRate=f"{rate_hz:g}",
        timelineHeight="120",
    )
    ET.indent(view)
    return ET.tostring(view) + b"\n"
