"""Plots as inline SVG; colors come from the page's style, so that they follow its mode.

Bars and traces scale with the page and contain no text; their labels are HTML.
"""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from wildaffect.evaluation.report import Confusion, Density, Score, Trace

_CELL = 46
_LABEL_WIDTH = 84
_TRACE_WIDTH = 1000
_TRACE_HEIGHT = 100
_GAP_FACTOR = 5
"""A line is interrupted where frames are this many times further apart than usual."""
_DARK_CELL = 0.7
"""Opacity from which the text of a cell is in the contrasting color."""
_PLOT = 180
_MARGIN = 34


def bar(score: Score) -> str:
    """Return a bar from 0 to 1 with its interval."""
    value = min(max(score.value or 0.0, 0.0), 1.0)
    parts = [
        '<rect class="track" x="0" y="5" width="100%" height="10" rx="2"/>',
        f'<rect class="bar" x="0" y="5" width="{value:.2%}" height="10" rx="2"/>',
    ]
    if score.low is not None and score.high is not None:
        low, high = min(max(score.low, 0.0), 1.0), min(max(score.high, 0.0), 1.0)
        parts += [
            f'<line class="whisker" x1="{low:.2%}" x2="{high:.2%}" y1="10" y2="10"/>',
            f'<line class="whisker" x1="{low:.2%}" x2="{low:.2%}" y1="6" y2="14"/>',
            f'<line class="whisker" x1="{high:.2%}" x2="{high:.2%}" y1="6" y2="14"/>',
        ]
    return _svg('class="bars" width="100%" height="20"', f"F1 {value:.3f}", parts)


def difference(score: Score, reach: float) -> str:
    """Return a difference with its interval on a scale from -reach to reach."""
    if score.value is None:
        return ""

    def place(value: float) -> str:
        return f"{min(max(0.5 + value / (2 * reach), 0.0), 1.0):.2%}"

    parts = ['<line class="zero" x1="50%" x2="50%" y1="0" y2="20"/>']
    if score.low is not None and score.high is not None:
        ends = f'x1="{place(score.low)}" x2="{place(score.high)}"'
        parts.append(f'<line class="span" {ends} y1="10" y2="10"/>')
    parts.append(f'<circle class="dot" cx="{place(score.value)}" cy="10" r="4"/>')
    label = f"difference {score.value:+.3f}"
    return _svg('class="bars" width="100%" height="20"', label, parts)


def confusion_matrix(confusion: Confusion) -> str:
    """Return shares of each annotated class by predicted class, with counts."""
    size = len(confusion.labels)
    width, height = _LABEL_WIDTH + size * _CELL, _LABEL_WIDTH + size * _CELL
    parts = []
    for row, (label, counts) in enumerate(
        zip(confusion.labels, confusion.counts, strict=True)
    ):
        y = _LABEL_WIDTH + row * _CELL
        middle = y + _CELL / 2
        parts.append(
            f'<text class="end" x="{_LABEL_WIDTH - 8}" y="{middle + 4}">{escape(label)}'
            "</text>"
        )
        x = _LABEL_WIDTH + row * _CELL + _CELL / 2
        turn = f"translate({x + 4} {_LABEL_WIDTH - 8}) rotate(-55)"
        parts.append(f'<text transform="{turn}">{escape(label)}</text>')
        parts += _confusion_row(counts, y)
    return _svg(
        f'class="matrix" viewBox="0 0 {width + 24} {height}" style="width:{width + 24}px"',
        "confusion matrix: rows annotated, columns predicted",
        parts,
    )


def _confusion_row(counts: Sequence[int], y: float) -> list[str]:
    total = sum(counts)
    parts = []
    for column, count in enumerate(counts):
        x = _LABEL_WIDTH + column * _CELL
        share = count / total if total else 0.0
        strength = share**0.6
        place = f'x="{x + 1}" y="{y + 1}" width="{_CELL - 2}" height="{_CELL - 2}"'
        parts.append(f'<rect class="track" {place} rx="3"/>')
        parts.append(f'<rect class="cell" {place} rx="3" fill-opacity="{strength:.3f}"/>')
        ink = "on" if strength > _DARK_CELL else "off"
        center = x + _CELL / 2
        if total:
            parts.append(
                f'<text class="mid {ink}" x="{center}" y="{y + 22}">{share:.0%}</text>'
            )
        parts.append(
            f'<text class="mid small {ink}" x="{center}" y="{y + 36}">{count:,}</text>'
        )
    return parts


def density(plot: Density) -> str:
    """Return a density plot of frames; the diagonal, if there is one, is full agreement."""
    num_bins = len(plot.counts)
    side = _PLOT / num_bins
    most = max((cell for row in plot.counts for cell in row), default=0)
    width, height = _MARGIN + _PLOT + 8, 8 + _PLOT + _MARGIN
    parts = [f'<rect class="track" x="{_MARGIN}" y="8" width="{_PLOT}" height="{_PLOT}"/>']
    for row, cells in enumerate(plot.counts):
        y = 8 + _PLOT - (row + 1) * side
        for column, count in enumerate(cells):
            if count:
                strength = (count / most) ** 0.5
                parts.append(
                    f'<rect class="cell" x="{_MARGIN + column * side:.2f}" y="{y:.2f}" '
                    f'width="{side:.2f}" height="{side:.2f}" '
                    f'fill-opacity="{0.08 + 0.92 * strength:.3f}"/>'
                )
    left, right, top, bottom = _MARGIN, _MARGIN + _PLOT, 8, 8 + _PLOT
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    if plot.is_agreement:
        ends = f'x1="{left}" y1="{bottom}" x2="{right}" y2="{top}"'
        parts.append(f'<line class="guide" {ends}/>')
    else:
        for ends in (
            f'x1="{left}" y1="{middle_y}" x2="{right}" y2="{middle_y}"',
            f'x1="{middle_x}" y1="{top}" x2="{middle_x}" y2="{bottom}"',
        ):
            parts.append(f'<line class="guide" {ends}/>')
    for text, x, y in ((-1, left, bottom), (0, middle_x, bottom), (1, right, bottom)):
        parts.append(f'<text class="mid small" x="{x}" y="{y + 12}">{_sign(text)}</text>')
    for text, y in ((-1, bottom), (0, middle_y + 4), (1, top + 8)):
        parts.append(f'<text class="end small" x="{left - 5}" y="{y}">{_sign(text)}</text>')
    parts.append(
        f'<text class="mid" x="{middle_x}" y="{bottom + 27}">{escape(plot.x_title)}</text>'
    )
    turn = f"translate(12 {middle_y}) rotate(-90)"
    parts.append(f'<text class="mid" transform="{turn}">{escape(plot.y_title)}</text>')
    label = f"{plot.title}: {plot.y_title} over {plot.x_title}"
    return _svg(f'class="density" viewBox="0 0 {width} {height}"', label, parts)


def trace(series: Trace) -> str:
    """Return annotated and predicted values over frames, from -1 to 1."""
    parts = [
        f'<line class="guide" x1="0" y1="50" x2="{_TRACE_WIDTH}" y2="50"/>',
        f'<path class="truth" d="{_path(series.frame, series.target)}"/>',
        f'<path class="guess" d="{_path(series.frame, series.pred)}"/>',
    ]
    box = f'viewBox="0 0 {_TRACE_WIDTH} {_TRACE_HEIGHT}" preserveAspectRatio="none"'
    label = f"{series.task} through {series.video}, CCC {series.ccc:.3f}"
    return _svg(f'class="trace" {box}', label, parts)


def _path(frames: Sequence[int], values: Sequence[float]) -> str:
    first, extent = frames[0], max(frames[-1] - frames[0], 1)
    steps = sorted(b - a for a, b in pairwise(frames))
    usual = steps[len(steps) // 2] if steps else 1
    previous: int | None = None
    points = []
    for frame, value in zip(frames, values, strict=True):
        x = _TRACE_WIDTH * (frame - first) / extent
        y = _TRACE_HEIGHT * (1 - min(max(value, -1.0), 1.0)) / 2
        is_start = previous is None or frame - previous > _GAP_FACTOR * usual
        points.append(f"{'M' if is_start else 'L'}{x:.1f} {y:.1f}")
        previous = frame
    return " ".join(points)


def _sign(value: int) -> str:
    return f"\N{MINUS SIGN}{-value}" if value < 0 else str(value)


def _svg(attributes: str, label: str, parts: Sequence[str]) -> str:
    inside = "".join(parts)
    return f'<svg role="img" aria-label="{escape(label)}" {attributes}>{inside}</svg>'
