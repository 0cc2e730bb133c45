"""The page of a study: curves, differences, exclusions, text for the methods section."""

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from wildaffect.metrics.mean_intervals import Floats, MeanInterval
from wildaffect.reporting.page import html_note, html_page, html_section, html_table_section
from wildaffect.reporting.tables import TextTable
from wildaffect.study.compare import Comparison
from wildaffect.study.curves import Window
from wildaffect.study.tables import differences_text

WIDTH, HEIGHT = 640, 220
LEFT, BOTTOM, TOP = 52, 34, 8
COLORS = ("#2563a8", "#d9730d", "#1d7a46", "#9333a8", "#b3261e", "#5a6678")
"""One per condition, readable on light and dark paper; repeated after six."""


def study_page(
    title: str,
    comparison: Comparison,
    window: Window,
    exclusions: Sequence[tuple[str, str]],
    methods: str,
) -> str:
    """Return the HTML page.

    Args:
        title: Name of the study.
        comparison: The result.
        window: Time that was compared.
        exclusions: Trial and reason of each trial that was not used.
        methods: Text for a methods section.
    """
    table = TextTable(
        title=f"Excluded trials: {len(exclusions)}",
        header=("trial", "reason"),
        rows=tuple(exclusions),
    )
    sections = [
        f"<h1>{escape(title)}</h1>",
        html_note(
            "Perceived, as observers would; not what participants felt. Bands are 95 % "
            "intervals over participants, for each step by itself."
        ),
        *(
            html_section(signal, _legend(comparison) + _plot(comparison, place, window))
            for place, signal in enumerate(comparison.signals)
        ),
        html_table_section(differences_text(comparison)),
        html_table_section(table) if exclusions else "",
        html_section("For a methods section", f"<p>{escape(methods)}</p>"),
    ]
    return html_page(title, "\n".join(sections))


def _legend(comparison: Comparison) -> str:
    keys = [
        f'<span><span class="key" style="border-color:{_color(place)}"></span>'
        f"{escape(condition.name)} (n = {len(condition.participants)})</span>"
        for place, condition in enumerate(comparison.conditions)
    ]
    return f"<p>{''.join(keys)}</p>"


def _color(place: int) -> str:
    return COLORS[place % len(COLORS)]


def _plot(comparison: Comparison, place: int, window: Window) -> str:
    curves = [comparison.curves[c.name][place] for c in comparison.conditions]
    low, high = _range(curves)
    times = window.times_s + window.step_s / 2

    def x(time_s: float) -> float:
        share = (time_s - window.start_s) / (window.stop_s - window.start_s)
        return LEFT + share * (WIDTH - LEFT - 8)

    def y(value: float) -> float:
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for value in (low, (low + high) / 2, high):
        parts.append(
            f'<line class="guide" x1="{LEFT}" x2="{WIDTH - 8}" y1="{y(value):.1f}" '
            f'y2="{y(value):.1f}"/><text class="small end" x="{LEFT - 6}" '
            f'y="{y(value) + 3:.1f}">{value:.2f}</text>'
        )
    for time_s in _ticks(window.start_s, window.stop_s):
        parts.append(
            f'<text class="small mid" x="{x(time_s):.1f}" y="{HEIGHT - 18}">'
            f"{time_s:g}</text>"
        )
    parts.append(
        f'<text class="small mid" x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 3}">'
        "seconds from the onset</text>"
    )
    if window.start_s < 0 < window.stop_s:
        parts.append(
            f'<line class="zero" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{TOP}" '
            f'y2="{HEIGHT - BOTTOM}"/>'
        )
    for number, curve in enumerate(curves):
        xs = np.array([x(time_s) for time_s in times])
        band = _band(xs, curve, y)
        line = _points(xs, np.array([y(value) for value in curve.mean]))
        parts.append(
            f'<polygon points="{band}" fill="{_color(number)}" fill-opacity=".16"/>'
            f'<polyline points="{line}" fill="none" stroke="{_color(number)}" '
            'stroke-width="2"/>'
        )
    label = escape(f"Mean curves of {comparison.signals[place]} by condition")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img" '
        f'aria-label="{label}">{"".join(parts)}</svg>'
    )


def _ticks(start: float, stop: float) -> list[float]:
    """Return up to nine round numbers from start to stop."""
    rough = (stop - start) / 8
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    first, last = np.ceil(start / step - 1e-9), np.floor(stop / step + 1e-9)
    return [float(number * step) for number in np.arange(first, last + 1)]


def _range(curves: Sequence[MeanInterval]) -> tuple[float, float]:
    values = np.concatenate(
        [each for curve in curves for each in (curve.low, curve.high, curve.mean)]
    )
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.05 * (high - low) or 0.05
    return low - margin, high + margin


def _band(xs: Floats, curve: MeanInterval, y: Callable[[float], float]) -> str:
    known = ~np.isnan(curve.low)
    lower = [(a, y(b)) for a, b in zip(xs[known], curve.low[known], strict=True)]
    upper = [(a, y(b)) for a, b in zip(xs[known], curve.high[known], strict=True)]
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in [*lower, *upper[::-1]])


def _points(xs: Floats, ys: Floats) -> str:
    return " ".join(
        f"{a:.1f},{b:.1f}" for a, b in zip(xs, ys, strict=True) if not np.isnan(b)
    )
