"""Events as a project of BORIS 8, which opens it and imports its observations.

BORIS imports observations from projects (`.boris`, JSON), not from CSV. Source: its user
guide and `project_functions.py` of version 8.27.
"""

import json
from datetime import UTC, datetime
from typing import Any

from wildaffect.interchange.export import ConvertOptions, Export, ExportFile
from wildaffect.interchange.stored import StoredResult
from wildaffect.interchange.tiers import end_s, person_name, relative_media

_VERSION = "7.0"
"""Version of the project format of BORIS 8."""
_NOTES = (
    (
        "Every event is a state event of the subject `person N`, with a start and a "
        "stop; the comment of the start has peak and mean."
    ),
    "The media are named relative to the project file.",
)


def write_boris(result: StoredResult, options: ConvertOptions) -> Export:
    """Return the events as a project with one observation."""
    events = result.events()
    kinds = {event.label: str(event.kind) for event in events}
    people = sorted({event.track_id for event in events})
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    project = {
        "time_format": "hh:mm:ss",
        "project_date": now,
        "project_name": result.path.stem,
        "project_description": "Events found by wildaffect",
        "project_format_version": _VERSION,
        "subjects_conf": {
            str(number): {"key": "", "name": f"person {track}", "description": ""}
            for number, track in enumerate(people)
        },
        "behaviors_conf": {
            str(number): _behavior(label, kinds[label])
            for number, label in enumerate(sorted(kinds))
        },
        "observations": {result.path.stem: _observation(result, options, now)},
        "behavioral_categories": sorted(set(kinds.values())),
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    text = json.dumps(project, indent=1, ensure_ascii=False) + "\n"
    file = ExportFile(name=f"{result.path.stem}.boris", content=text.encode())
    return Export(files=(file,), notes=_NOTES)


def _behavior(label: str, kind: str) -> dict[str, Any]:
    return {
        "type": "State event",
        "key": "",
        "code": label,
        "description": "",
        "category": kind,
        "modifiers": {},
        "excluded": "",
        "coding map": "",
    }


def _observation(result: StoredResult, options: ConvertOptions, now: str) -> dict[str, Any]:
    media = relative_media(result, options.folder)
    moments = []
    for event in result.events():
        comment = f"peak {event.peak:.3g}, mean {event.mean:.3g}"
        lead = (person_name(event), event.label, "")
        moments.append((round(event.onset_s, 3), 1, *lead, comment))
        moments.append((round(event.offset_s, 3), 0, *lead, ""))
    moments.sort()  # a stop before a start at the same time
    return {
        "file": {str(player): [media] if player == 1 else [] for player in range(1, 9)},
        "type": "MEDIA",
        "date": now,
        "description": "",
        "time offset": 0.0,
        "events": [[time_s, *rest] for time_s, _, *rest in moments],
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {media: round(end_s(result), 3)},
            "fps": {media: result.rate_hz},
            "hasVideo": {media: True},
            "hasAudio": {media: False},
            "offset": {"1": 0.0},
        },
    }
