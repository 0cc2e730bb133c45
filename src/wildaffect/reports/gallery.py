"""The page of photographs: a row per face."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa

from wildaffect.core.printable import counted, printable
from wildaffect.core.results import UNCLEAR
from wildaffect.core.tasks import expression_column
from wildaffect.inference.calibration import expression_is_unclear
from wildaffect.reports.description import Description
from wildaffect.reports.page import ReportPage
from wildaffect.reports.parts import facts_html, notes_html, report_page
from wildaffect.reports.people import Labels, find_labels, missing_columns

MAX_ROWS = 2000
"""Faces on a page; further ones are left out."""


def is_gallery(table: pa.Table) -> bool:
    """Return whether the rows are of photographs."""
    return (
        "image" in table.column_names
        and table.num_rows > 0
        and table["image"].null_count < table.num_rows
    )


def gallery_page(
    table: pa.Table,
    description: Description,
    *,
    thumbnails: Mapping[int, str] | None = None,
    owner: str = "",
) -> ReportPage:
    """Return the page of a set of photographs.

    Args:
        table: Result table.
        description: Its origin.
        thumbnails: Picture of each row, as a data address.
        owner: Mark of the result, by which its page is recognized.

    Raises:
        ValueError: If the table lacks frame, time, track or status.
    """
    missing = missing_columns(table)
    if missing:
        raise ValueError(f"report: table must have the column {missing[0]!r}")
    labels = find_labels(table, description)
    rows = table.slice(0, MAX_ROWS).to_pylist()
    omitted = []
    if table.num_rows > MAX_ROWS:
        omitted.append(f"The last {table.num_rows - MAX_ROWS:,} rows are left out.")
    lines = "".join(
        _line(row, labels, description.expression_margin, (thumbnails or {}).get(place))
        for place, row in enumerate(rows)
    )
    header = ("", "photograph", "face", "valence", "arousal", "expression", "action units")
    scales = (f"{s.label.replace('_', ' ')} {s.ends}" for s in labels.scales)
    names = "".join(f"<th>{name}</th>" for name in (*header, *scales))
    num_images = len(set(table["image"].to_pylist()))
    num_faces = table.num_rows - table["track_id"].null_count
    body = (
        f"<main><h1>{escape(description.title)}</h1>"
        f'<p class="facts">{counted(num_images, "photograph")}, '
        f"{counted(num_faces, 'face')}</p>{notes_html(description, omitted)}"
        f'<div class="card wide gallery"><table><thead><tr>{names}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>{facts_html(description)}</main>"
    )
    page = report_page(description.title, body, owner)
    return ReportPage(html=page, num_people=num_faces, omitted=tuple(omitted))


def _line(
    row: Mapping[str, Any], labels: Labels, margin: float, thumbnail: str | None
) -> str:
    picture = f'<img src="{thumbnail}" alt="">' if thumbnail else ""
    name = printable(str(row["image"] or ""))
    status = str(row["status"]).replace("_", " ")
    face = "" if row["track_id"] is None else str(row["track_id"])
    cells = [f"<td>{picture}</td><td>{escape(name)}</td>"]
    if row["status"] != "ok":
        width = 4 + len(labels.scales)
        why = f"<small>{escape(status)}</small>"
        cells.append(f'<td>{face}</td><td colspan="{width}">{why}</td>')
        return f"<tr>{''.join(cells)}</tr>"
    present = ", ".join(unit for unit in labels.action_units if row.get(f"{unit}_present"))
    word = printable(_expression(row, labels, margin))
    cells += [f"<td>{face}</td>", _number(row.get("valence")), _number(row.get("arousal"))]
    cells.append(f"<td>{escape(word)}</td><td>{escape(present)}</td>")
    cells += [_number(row.get(scale.label), ".3g") for scale in labels.scales]
    return f"<tr>{''.join(cells)}</tr>"


def _expression(row: Mapping[str, Any], labels: Labels, margin: float) -> str:
    """Return the expression and its probability, where the table has it, or `unclear`."""
    label = str(row.get("expression") or "")
    cells = [row.get(expression_column(each)) for each in labels.expressions]
    probs = np.array([cell for cell in cells if cell is not None], np.float32)
    if label and expression_is_unclear(probs, margin):
        return UNCLEAR
    probability = row.get(expression_column(label)) if label else None
    return label if probability is None else f"{label} {probability:.0%}"


def _number(value: float | None, digits: str = "+.2f") -> str:
    return f'<td class="number">{"" if value is None else f"{value:{digits}}"}</td>'
