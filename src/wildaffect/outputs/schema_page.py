"""The documentation page of the result table, made from the columns themselves."""

from collections.abc import Sequence
from itertools import groupby

from wildaffect.core.tasks import (
    ABAW_ACTION_UNIT_NUMBERS,
    ABAW_ACTION_UNITS,
    EXTENDED_ACTION_UNIT_NAMES,
    EXTENDED_ACTION_UNITS,
    action_unit_label,
)
from wildaffect.outputs.columns import FeatureGroup, result_schema
from wildaffect.outputs.schema import SCHEMA_VERSION, Column, Group
from wildaffect.reporting.tables import markdown_rows

EXAMPLE_OF_SIDES = "AU12"
EXAMPLE_OF_FEATURES = FeatureGroup(
    name="GROUP", columns=("NAME",), meaning="One value of a feature group"
)
MAX_SHOWN = 6
"""Columns of an optional group that are listed; the rest follow the same pattern."""


def _action_units() -> str:
    rows = []
    for number, name in EXTENDED_ACTION_UNIT_NAMES.items():
        kind = "official" if number in ABAW_ACTION_UNIT_NUMBERS else "extra"
        rows.append((f"`{action_unit_label(number)}`", str(number), name, kind))
    return markdown_rows(("column", "FACS", "name", "set"), rows) + "\n"


_INTRODUCTION = f"""\
# The result table

<!-- Made from the code by scripts/make_schema_doc.py; edit the columns there. -->

Schema version {SCHEMA_VERSION}. One row per decoded frame and face, plus one `no_face` row
per frame without a face. Rows are in the order of their frames. Every column of the core
group and of the signals is always there, in this order; values that a model does not
predict are empty (null), never zero: an empty cell in CSV, a null in Parquet, a missing key
in JSON Lines.

Columns of expressions and action units are named after the label space of the model; those
below are for the eight expressions and the twelve official action units of Aff-Wild2. A
model with other labels gives other columns, in the same places: one that also knows AU05,
which Aff-Wild2 does not annotate, has `AU05` after `AU04` and `AU05_present` after
`AU04_present`. Expressions are those that observers would perceive; they do not state what
a person feels.

## Action units

Action units are numbered as in the Facial Action Coding System (FACS). A model gives one of
two sets: `{ABAW_ACTION_UNITS.name}`, the official twelve of Aff-Wild2, or
`{EXTENDED_ACTION_UNITS.name}`, which has all below. Blinks (45) are short closures of the
eyes (43) and have no separate column.

Where a model gives intensities, it may distinguish left and right: for an action unit such
as AU12 there are then `AU12_left` and `AU12_right`, the subject's own left and right, in
addition to `AU12_intensity`, which in the embedded models is the stronger side's of each
frame, before smoothing. The sidecar and the model's card name these action units.

{_action_units()}
## Files

- `NAME.csv`: comma, one header line, UTF-8; numbers as short as they can be read back
  exactly (float32), `true` and `false`.
- `NAME.parquet`: unit and meaning of each column in its metadata.
- `NAME.jsonl`: one object per row.
- `NAME.csv.json` (and so on): the sidecar of each result. It holds `schema_version`, the
  `columns` below, `source`, `artifact` and `options`, a `digest` of these three,
  `num_rows`, `size_bytes`, and whether the result is `complete`; if not, `error` gives the
  reason.
- `NAME.csv.part` (and so on): an unfinished result, or one left by an interrupted run.
  `wildaffect.outputs.table.read_table` reads it and `recover` turns it into a result. The
  part of CSV and JSON Lines is text as above; that of Parquet is an Arrow IPC stream, as a
  Parquet file cannot be read before its end is written.

`source.path` in the sidecar is the absolute path of the input: a result belongs to it, and
no other input ever gets its name ([reliability](reliability.md)).

Names of photographs are in `image`. Control characters and bytes that are no UTF-8 are
written there as `\\x1b`, `\\xe9` and so on. In CSV, text that begins with `=`, `+`, `-`,
`@`, a tab, a carriage return or an apostrophe has an apostrophe put in front, as a
spreadsheet would compute it; `read_table` takes it away again. Parquet and JSON Lines have
the unchanged names.

## Pixels and times of the source

Boxes, landmarks and overlays are in pixels of the frame as players display it: cropped to
the clean aperture (MP4, QuickTime, Matroska), mirrored and turned as the display matrix
says, and stretched in width to square pixels; the height stays. The sidecar says in
`source` what was done: `width` and `height` of the displayed frame, `stored_width` and
`stored_height`, `cropped` (left, top, right, bottom), `mirrored` (left to right, before
turning), `rotation_deg` (clockwise) and `sample_aspect_ratio` (width to height of a stored
pixel). Where they change within a video, the sidecar has those of its first frame.

`time_s` is the container's own time, less that of its first sound or picture. A video that
starts 1.5 s after its sound has 1.5 in its first row, and so rows line up with transcripts
and with annotations made in a player; `source.start_s` is that offset. To count from the
first frame instead, subtract it.

`source.stream` is the number of the video stream that was read: the default one, and the
largest of several; covers and thumbnails are no video.

Photographs are turned as their EXIF says; HEIC is read whole, also where it is stored in
tiles. Animations (WebP, PNG, GIF, AVIF) are videos with one row per stored picture, at its
own time. Programs that write them store equal pictures in a row once, with a longer
duration: four frames of which the last three are equal become two pictures, and two rows.
Pages of TIFF and HEIC are photographs. In a folder of photographs, animations and files of
several pages are sources of their own.
"""


def schema_page() -> str:
    """Return docs/schema.md."""
    schema = result_schema(
        intensities=True,
        sided=(EXAMPLE_OF_SIDES,),
        landmarks=True,
        blendshapes=True,
        features=(EXAMPLE_OF_FEATURES,),
    )
    sections = [_INTRODUCTION]
    for group, members in groupby(schema.columns, key=lambda column: column.group):
        columns = list(members)
        sections.append(f"## {_TITLES[group]}\n\n{_table(columns, group)}")
    return "\n".join(sections)


_TITLES = {
    Group.CORE: "Core columns",
    Group.SIGNALS: "Signals of eyes, gaze and mouth (always written)",
    Group.INTENSITIES: "Intensities of action units (where the model gives them)",
    Group.LANDMARKS: "Landmarks (on request)",
    Group.BLENDSHAPES: "Blendshapes (on request)",
    Group.FEATURES: "Features (on request)",
}

_SHORTENED = (Group.LANDMARKS, Group.FEATURES)


def column_rows(columns: Sequence[Column]) -> str:
    """Return a Markdown table with a row per column."""
    return markdown_rows(
        ("column", "type", "unit or range", "may be empty", "meaning"),
        [
            (
                f"`{column.name}`",
                column.type,
                column.unit or "-",
                "yes" if column.optional else "no",
                column.meaning,
            )
            for column in columns
        ],
    )


def _table(columns: Sequence[Column], group: Group) -> str:
    shown = columns[:MAX_SHOWN] if group in _SHORTENED else columns
    table = column_rows(shown)
    if len(shown) == len(columns):
        return f"{table}\n"
    last = f"... and so on to `{columns[-1].name}`, {len(columns)} columns in all."
    return f"{table}\n\n{last}\n"
