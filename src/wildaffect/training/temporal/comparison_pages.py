"""Comparison as Markdown, SVG and JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from math import isfinite, isnan

from wildaffect.core.tasks import Task
from wildaffect.metrics.bootstrap import interval_text
from wildaffect.reporting.tables import markdown_rows
from wildaffect.training.core.scores import UNDEFINED, score_text
from wildaffect.training.temporal.comparison import Line
from wildaffect.training.temporal.pages import TITLES

_ROW, _TOP, _LEFT, _PLOT, _RIGHT = 24, 46, 330, 420, 290
_COLORS = {"raw": "#2563a8", "smoothed": "#1d7a46", "calibrated": "#d9730d"}


def to_markdown(lines: Sequence[Line], note: str) -> str:
    """Return a table with a row per system and step."""
    tasks = [task for task in Task if task in lines[0].scores]
    names = ["system", "outputs", *(TITLES[task] for task in tasks), "sum (sd)"]
    names += ["difference [95 %]", "from", "parameters", "seconds"]
    rows = []
    for line in lines:
        cells = [line.name, line.step]
        cells += [_score(line, task) for task in tasks]
        sd = f" ({line.sd:.3f})" if isfinite(line.sd) else ""
        cells += [
            f"{_score(line, 'score')}{sd}",
            _difference(line),
            line.against,
        ]
        cells += [f"{line.num_parameters:,}", f"{line.seconds:.0f}"]
        rows.append(cells)
    return f"{note}\n\n{markdown_rows(names, rows)}\n"


def to_json(lines: Sequence[Line], note: str) -> str:
    """Return all rows as JSON."""
    rows = []
    for line in lines:
        row = asdict(line)
        if line.difference is not None:
            ends = ("value", "low", "high")
            row["difference"] = {at: float(getattr(line.difference, at)) for at in ends}
        rows.append(row)
    return json.dumps({"note": note, "lines": rows}, indent=1) + "\n"


def to_svg(lines: Sequence[Line], title: str) -> str:
    """Draw every paired difference as a dot with its interval; right is better."""
    shown = [
        line
        for line in lines
        if line.difference is not None and isfinite(line.difference.value)
    ]
    ends = [
        abs(float(end))
        for line in shown
        if line.difference
        for end in (line.difference.low, line.difference.high)
    ]
    reach = max([0.02, *(end for end in ends if isfinite(end))]) * 1.08
    height, width = _TOP + _ROW * len(shown) + 34, _LEFT + _PLOT + _RIGHT
    middle = _LEFT + _PLOT / 2
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="system-ui, sans-serif" '
            f'font-size="12" role="img" aria-label="{escape(title)}">'
        ),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="22" font-size="15" font-weight="600">{escape(title)}</text>',
        (
            f'<line x1="{middle}" x2="{middle}" y1="{_TOP - 10}" y2="{height - 26}" '
            'stroke="#5a6678" stroke-dasharray="3 3"/>'
        ),
    ]
    for share in (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75):
        x = middle + share * _PLOT / 2
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 10}" y2="{height - 26}" '
            'stroke="#e9ecf1"/>'
        )
        parts.append(_text(x, height - 10, f"{share * reach:+.2f}", "middle"))
    parts.append(_text(middle, height - 10, "0", "middle"))
    for row, line in enumerate(shown):
        parts += _row(line, _TOP + row * _ROW + 8, middle, reach)
    return "".join([*parts, "</svg>\n"])


def _row(line: Line, y: float, middle: float, reach: float) -> list[str]:
    assert line.difference is not None  # noqa: S101 - only such lines are shown
    low, value, high = (
        float(end)
        for end in (line.difference.low, line.difference.value, line.difference.high)
    )

    def place(number: float) -> float:
        return middle + number / reach * _PLOT / 2

    color = _COLORS[line.step]
    parts = [
        _text(_LEFT - 12, y + 4, f"{line.name}: {line.step}", "end"),
        f'<circle cx="{place(value):.1f}" cy="{y}" r="4" fill="{color}"/>',
        _text(_LEFT + _PLOT + 10, y + 4, f"vs. {line.against}", "start", "#5a6678"),
    ]
    if isfinite(low):
        ends = f'x1="{place(low):.1f}" x2="{place(high):.1f}" y1="{y}" y2="{y}"'
        parts.insert(1, f'<line {ends} stroke="{color}" stroke-width="2"/>')
    return parts


def _text(x: float, y: float, text: str, anchor: str, color: str = "#1b2330") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">'
        f"{escape(text)}</text>"
    )


def _score(line: Line, name: str) -> str:
    return score_text(line.scores[name], line.undefined.get(name, UNDEFINED))


def _difference(line: Line) -> str:
    if line.difference is None:
        return ""
    value, low, high = (
        float(end)
        for end in (line.difference.value, line.difference.low, line.difference.high)
    )
    if isnan(value):
        return UNDEFINED
    return f"{value:+.3f} [{interval_text(low, high, sign=True)}]"
