"""The page of one video: header, player, and a timeline of each person."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pyarrow as pa

from wildaffect.core.events import Event
from wildaffect.core.printable import counted
from wildaffect.reports.description import Description
from wildaffect.reports.media import Media
from wildaffect.reports.parts import (
    asset,
    clock_text,
    facts_html,
    notes_html,
    report_page,
)
from wildaffect.reports.people import (
    AFFECT,
    Labels,
    PersonRows,
    find_labels,
    missing_columns,
    split_people,
)
from wildaffect.reports.timeline import timeline_data

SCRIPTS = ("columns.js", "lanes.js", "player.js", "sections.js", "report.js")
MAX_PEOPLE = 100
"""People with a timeline; of more, those with the most rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A page, with what it leaves out."""

    html: str = field(repr=False)
    num_people: int
    omitted: tuple[str, ...] = ()
    """One sentence for each thing that is left out."""


def timeline_page(
    table: pa.Table,
    events: Sequence[Event],
    description: Description,
    *,
    media: Media | None = None,
    thumbnails: Mapping[int, str] | None = None,
    owner: str = "",
    compact: bool = False,
) -> ReportPage:
    """Return the page of a video.

    Args:
        table: Result table.
        events: Its events.
        description: Its origin.
        media: Video to show beside the timeline.
        thumbnails: Picture of each track, as a data address.
        owner: Mark of the result, by which its page is recognized.
        compact: Leave out the player, facts and thumbnails, as in notebooks.

    Raises:
        ValueError: If the table lacks frame, time, track or status.
    """
    missing = missing_columns(table)
    if missing:
        raise ValueError(f"report: table must have the column {missing[0]!r}")
    labels = find_labels(table, description)
    everyone = split_people(table, labels)
    people = sorted(everyone, key=len, reverse=True)[:MAX_PEOPLE]
    people.sort(key=lambda person: person.track_id)
    media = media or Media()
    omitted = _omitted(table, labels, everyone, people, media)
    data, payload = timeline_data(people, labels, events)
    sections = "\n".join(
        _section(person, (thumbnails or {}).get(person.track_id)) for person in people
    )
    notes = notes_html(description, () if compact else omitted)
    body = "\n".join(
        (
            f'<main class="{"compact" if compact else "whole"}">',
            _header(table, description, everyone),
            notes,
            _player(labels, media) if people else "",
            sections,
            "" if compact else facts_html(description),
            "</main>",
            _scripts(data, payload) if people else "",
        )
    )
    page = report_page(description.title, body, owner)
    return ReportPage(html=page, num_people=len(everyone), omitted=tuple(omitted))


def _omitted(
    table: pa.Table,
    labels: Labels,
    everyone: Sequence[PersonRows],
    people: Sequence[PersonRows],
    media: Media,
) -> list[str]:
    notes = [media.note] if media.note else []
    if not everyone:
        notes.append(
            "The table has no rows."
            if table.num_rows == 0
            else f"No face was found in {counted(table.num_rows, 'row')}: no timeline."
        )
        return notes
    if len(everyone) > len(people):
        notes.append(
            f"{len(everyone) - len(people):,} of {len(everyone):,} people are left out, "
            "those with the fewest rows."
        )
    shown = {name for person in people for name in person.values}
    if not shown & {"valence", "arousal"}:
        notes.append("The table has no valence or arousal.")
    if people[0].expression is None:
        notes.append("The table has no expressions.")
    if not shown & set(labels.action_units):
        notes.append("The table has no action units.")
    if not shown & {"eye_closure_left", "mouth_open", "gaze_yaw_deg"}:
        notes.append("The table has no signals of eyes, gaze and mouth.")
    return notes


def _header(table: pa.Table, description: Description, people: Sequence[PersonRows]) -> str:
    times = table["time_s"].to_pylist()
    num_frames = len(set(table["frame"].to_pylist()))
    num_rows = sum(map(len, people))
    usable = sum(person.usable_share * len(person) for person in people)
    share = f"{usable / num_rows:.0%}" if num_rows else "none"
    length_s = max(times, default=0.0) - min(times, default=0.0)
    with_face = len({frame for person in people for frame in person.frame.tolist()})
    numbers = (
        (f"{clock_text(length_s)}", "from the first to the last frame"),
        (f"{num_frames:,}", "frames"),
        (f"{len(people)}", "person" if len(people) == 1 else "people"),
        (f"{with_face / max(num_frames, 1):.0%}", "of frames with a face"),
        (share, "of faces usable"),
    )
    big = "".join(
        f'<div class="big"><b>{number}</b>{words}</div>' for number, words in numbers
    )
    facts = dict(description.facts)
    line = " · ".join(facts[name] for name in ("Source", "Model") if name in facts)
    return (
        f"<h1>{escape(description.title)}</h1>"
        f'<p class="facts">{escape(line)}</p><div class="head">{big}</div>'
    )


def _player(labels: Labels, media: Media) -> str:
    video = (
        f'<video src="{escape(media.address)}" controls preload="auto" playsinline></video>'
        if media.address
        else ""
    )
    legend = "".join(
        f'<span><i style="background:var(--expression-{place % 8})"></i>'
        f"{escape(label)}</span>"
        for place, label in enumerate(labels.expressions)
    )
    buttons = "".join(
        f'<button type="button" data-key="{key}" title="{words}">{sign}</button>'
        for key, sign, words in (
            (" ", "Play", "play or pause (space)"),
            ("ArrowLeft", "&lsaquo;", "one frame back (left arrow)"),
            ("ArrowRight", "&rsaquo;", "one frame on (right arrow)"),
            ("+", "+", "zoom in (+)"),
            ("-", "&minus;", "zoom out (-)"),
            ("0", "Whole", "show the whole time (0)"),
        )
    )
    return (
        f'<section id="player" aria-label="Player">{video}<div class="controls">'
        f'<div class="row"><span id="clock">0:00.00</span>{buttons}'
        '<span id="shown"></span></div><canvas class="overview"></canvas>'
        '<p class="note warn" id="video-missing" hidden>The video cannot be played here; '
        "the timeline works without it.</p>"
        '<small class="help">Click a lane to go there, drag to zoom, double-click for all. '
        "<kbd>space</kbd> play, <kbd>←</kbd> <kbd>→</kbd> frame "
        "(<kbd>shift</kbd>: a second), "
        "<kbd>+</kbd> <kbd>-</kbd> zoom, <kbd>0</kbd> all, <kbd>Home</kbd> <kbd>End</kbd>"
        "</small></div></section>"
        f'<div class="legend">{legend}</div>'
    )


def _section(person: PersonRows, thumbnail: str | None) -> str:
    picture = f'<img src="{thumbnail}" alt="">' if thumbnail else ""
    hidden = "" if {*AFFECT} <= person.values.keys() else " hidden"
    span = (
        f"{clock_text(float(person.time_s[0]))} to {clock_text(float(person.time_s[-1]))}"
    )
    facts = f"{span}, {counted(len(person), 'row')}, {person.usable_share:.0%} usable"
    return (
        f'<section class="card person" data-track="{person.track_id}">'
        f"<header>{picture}<div><h2>Person {person.track_id}</h2><p>{facts}</p></div>"
        "</header>"
        '<div class="columns"><div class="side">'
        f'<canvas class="circumplex"{hidden}></canvas>'
        '<dl class="readout"></dl></div><div class="stage">'
        f'<canvas class="lanes" aria-label="Timeline of person {person.track_id}"></canvas>'
        '<div class="range" hidden></div><div class="cursor" hidden></div>'
        '<div class="pointer" hidden></div><div class="tip" hidden></div></div></div>'
        "</section>"
    )


def _scripts(data: Mapping[str, Any], payload: str) -> str:
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    code = "\n".join(asset(name) for name in SCRIPTS)
    return (
        f'<script type="application/json" id="report-data">{_in_script(text)}</script>\n'
        f'<script type="text/plain" id="report-columns">{payload}</script>\n'
        f"<script>(() => {{\n'use strict';\n{code}}})();</script>"
    )


def _in_script(text: str) -> str:
    return text.replace("<", "\\u003c")
