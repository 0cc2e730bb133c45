"""Learning curves of a run: scores after every epoch that select nothing."""

from collections.abc import Callable, Iterable, Sequence
from itertools import count, cycle
from math import isnan, nan
from typing import Any

from torch import nn

from wildaffect.core.files import write_whole
from wildaffect.training.core.runs import Run, read_metrics

Curve = Callable[[nn.Module], dict[str, float]]
"""Scores of a model on a split that selects nothing, named `split/score` and so on."""

_WIDTH, _HEIGHT = 760, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 40, 46
_COLORS = ("#2563a8", "#d9730d", "#1d7a46", "#8a3ffc")
_SCORE = "/score"


def no_curve(model: nn.Module) -> dict[str, float]:  # noqa: ARG001
    """Return no scores."""
    return {}


def write_curves(run: Run) -> None:
    """Draw the score of each split by optimizer step; nothing if there is none.

    Epochs whose score is not defined have no point.
    """
    rows = list(read_metrics(run))
    names = [name for name in (rows[-1] if rows else {}) if name.endswith(_SCORE)]
    found = {
        name.removesuffix(_SCORE): [
            (row["step"], row[name]) for row in rows if not isnan(row.get(name, nan))
        ]
        for name in names
    }
    curves = {name: points for name, points in found.items() if points}
    if curves:
        write_whole(run.curves, _to_svg(curves, rows[-1]).encode())


def _to_svg(curves: dict[str, list[tuple[int, float]]], last: dict[str, Any]) -> str:
    values = [value for curve in curves.values() for _, value in curve]
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or 0.05
    low, high = low - margin, high + margin

    def place(step: float, value: float) -> tuple[float, float]:
        x = _LEFT + step / last["step"] * (_WIDTH - _LEFT - _RIGHT)
        return x, _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    title = f"Score after each of {last['epoch']} epochs, {last['step']:,} steps"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            f'width="{_WIDTH}" height="{_HEIGHT}" font-family="system-ui, sans-serif" '
            f'font-size="12" role="img" aria-label="{title}">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="16" y="22" font-size="15" font-weight="600">{title}</text>',
        _legend(curves),
    ]
    for step in _whole_ticks(last["step"]):
        parts.append(_text(place(step, low)[0], _HEIGHT - 24, f"{step:,}", "middle"))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        value = low + share * (high - low)
        _, y = place(0, value)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            'stroke="#e9ecf1"/>'
        )
        parts.append(_text(_LEFT - 8, y + 4, f"{value:.2f}", "end"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, "steps", "middle"))
    for color, curve in zip(cycle(_COLORS), curves.values()):
        parts.append(_line([place(*point) for point in curve], color))
    return "".join([*parts, "</svg>\n"])


def _whole_ticks(num_steps: int) -> range:
    """Return at most six steps at an interval of 1, 2 or 5 times a power of ten."""
    powers = (factor * 10**power for power in count() for factor in (1, 2, 5))
    interval = next(interval for interval in powers if num_steps // interval <= 5)
    return range(0, num_steps + 1, interval)


def _legend(names: Iterable[str]) -> str:
    """Return the names of the curves in their colors, at the right of the title."""
    words = "".join(
        f'<tspan fill="{color}">\N{EM SPACE}\N{BLACK CIRCLE} {name}</tspan>'
        for color, name in zip(cycle(_COLORS), names)
    )
    return f'<text x="{_WIDTH - _RIGHT}" y="22" text-anchor="end">{words}</text>'


def _line(points: Sequence[tuple[float, float]], color: str) -> str:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in points
    )
    return f'<polyline points="{joined}" fill="none" stroke="{color}"/>{dots}'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#1b2330">{text}</text>'
    )
