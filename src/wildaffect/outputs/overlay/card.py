"""The card of one face: a valence/arousal dial over action-unit bars."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from wildaffect.core.results import Affect, FaceResult
from wildaffect.core.tasks import LabelSpaces
from wildaffect.outputs.overlay import canvas
from wildaffect.outputs.overlay.canvas import Color, Image, Rect
from wildaffect.outputs.overlay.style import ACTION_UNIT_NAMES, FAINT, INK, PAPER

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One action unit, attribute or rating of one face."""

    label: str
    probability: float
    """Probability, or position of a rating on its scale from 0 to 1."""
    present: bool
    threshold: float | None = None
    """Threshold of the probability, if known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSize:
    """A form of the card for one text size."""

    em: int
    num_bars: int
    has_dial: bool
    compact: bool
    """Codes in two columns, without names."""

    @property
    def small(self) -> int:
        """Text size of bars."""
        return max(8, round(0.84 * self.em))

    @property
    def row(self) -> int:
        """Height of a bar with its space."""
        return round(1.34 * self.small)

    @property
    def pad(self) -> int:
        """Space inside the edge."""
        return round(0.7 * self.em)

    @property
    def dial(self) -> int:
        """Diameter."""
        return round(4.8 * self.em) if self.has_dial else 0

    @property
    def width(self) -> int:
        """Return the size of the whole card."""
        return round((12.6 if self.compact else 17.0) * self.em)

    @property
    def height(self) -> int:
        """Return the size of the whole card."""
        rows = math.ceil(self.num_bars / 2) if self.compact else self.num_bars
        gap = self.pad // 2 if rows and self.has_dial else 0
        return 2 * self.pad + self.dial + gap + rows * self.row


def bars(
    row: FaceResult, spaces: LabelSpaces, thresholds: Mapping[str, float]
) -> tuple[Bar, ...]:
    """Return the action units, then the ratings, that are predicted for this face."""
    affect = row.affect
    if affect is None:
        return ()
    return (*_unit_bars(affect, spaces, thresholds), *_rating_bars(affect))


def _rating_bars(affect: Affect) -> tuple[Bar, ...]:
    spaces, values = affect.spaces, affect.ratings
    return tuple(
        Bar(
            label=scale.label,
            probability=(values[scale.label] - scale.low) / (scale.high - scale.low),
            present=True,
        )
        for scale in (*spaces.dimensions.scales, *spaces.intensities.scales)
        if scale.label in values
    )


def _unit_bars(
    affect: Affect, spaces: LabelSpaces, thresholds: Mapping[str, float]
) -> tuple[Bar, ...]:
    if affect.action_unit_probs is None:
        return ()
    present = affect.action_units_present or (None,) * len(spaces.action_units)
    pairs = zip(spaces.action_units.labels, affect.action_unit_probs, present, strict=True)
    return tuple(
        Bar(
            label=label,
            probability=float(p),
            present=bool(on),
            threshold=thresholds.get(label),
        )
        for label, p, on in pairs
        if math.isfinite(p)
    )


def draw_card(
    rgb: Image,
    rect: Rect,
    size: CardSize,
    *,
    row: FaceResult,
    units: Sequence[Bar],
    trail: Sequence[Point],
    color: Color,
) -> None:
    """Draw the card of a face into `rect`."""
    canvas.fill(rgb, rect, INK, radius=0.6 * size.em, opacity=0.8)
    top = rect.y + size.pad
    if size.has_dial:
        _draw_va(rgb, rect, size, row, trail, color)
        top += size.dial + size.pad // 2
    for index, unit in enumerate(units[: size.num_bars]):
        _draw_bar(rgb, _bar_rect(rect, top, index, size), size, unit, color)


def _bar_rect(rect: Rect, top: int, index: int, size: CardSize) -> Rect:
    inner = rect.width - 2 * size.pad
    if not size.compact:
        return Rect(rect.x + size.pad, top + index * size.row, inner, size.row)
    rows = math.ceil(size.num_bars / 2)
    column, line = divmod(index, rows)
    width = (inner - size.pad) // 2
    x = rect.x + size.pad + column * (width + size.pad)
    return Rect(x, top + line * size.row, width, size.row)


def _draw_bar(rgb: Image, rect: Rect, size: CardSize, unit: Bar, color: Color) -> None:
    middle = rect.y + rect.height // 2
    ink = PAPER if unit.present else FAINT
    is_coded = len(unit.label) <= len("AU00")
    code = unit.label.removeprefix("AU") if size.compact else unit.label
    code = code if is_coded else _shortened(code, size.small) if size.compact else ""
    canvas.write(
        rgb, code, rect.x, middle, size_px=size.small, color=ink, bold=unit.present
    )
    start = rect.x + round((1.7 if size.compact else 3.2) * size.small)
    if not size.compact:
        name = ACTION_UNIT_NAMES.get(unit.label, "")
        name = name if is_coded else _words(unit.label, size.small)
        left = start if is_coded else rect.x
        canvas.write(rgb, name, left, middle, size_px=size.small, color=ink)
        start += round(0.4 * size.small) + _name_width(size.small)
    track = Rect(start, middle - size.small // 5, rect.right - start, 2 * size.small // 5)
    canvas.fill(rgb, track, PAPER, radius=track.height / 2, opacity=0.14)
    length = max(track.height, round(track.width * unit.probability))
    full = track._replace(width=length)
    canvas.fill(
        rgb,
        full,
        color if unit.present else FAINT,
        radius=track.height / 2,
        opacity=1.0 if unit.present else 0.62,
    )
    if unit.threshold is not None:
        x = track.x + round(unit.threshold * (track.width - 1))
        mark = Rect(x, track.y - 1, max(1, size.small // 8), track.height + 2)
        canvas.fill(rgb, mark, PAPER, radius=0, opacity=0.9)


@lru_cache(maxsize=256)
def _words(label: str, size_px: int) -> str:
    """Return the words of a label, cut to the width of a code and a name."""
    words = label.replace("_", " ")
    while canvas.text_width(words, size_px) > _name_width(size_px) + 3 * size_px:
        words = words[:-1]
    return words


def _shortened(label: str, size_px: int) -> str:
    """Return as many letters of a label as fit where a number stands."""
    while canvas.text_width(label, size_px) > 1.6 * size_px:
        label = label[:-1]
    return label


@lru_cache(maxsize=8)
def _name_width(size_px: int) -> int:
    names = ACTION_UNIT_NAMES.values()
    return max(canvas.text_width(name, size_px) for name in names)


def _draw_va(
    rgb: Image,
    rect: Rect,
    size: CardSize,
    row: FaceResult,
    trail: Sequence[Point],
    color: Color,
) -> None:
    x, y = rect.x + size.pad, rect.y + size.pad
    picture, opacity = _dial(size.dial)
    for channel in range(3):
        part = rgb[y : y + size.dial, x : x + size.dial, channel]
        mask = opacity[: part.shape[0], : part.shape[1]]
        paint = picture[: part.shape[0], : part.shape[1], channel]
        part[...] = (part + (paint - part) * mask + 0.5).astype(np.uint8)
    spots = [_on_dial(point, x, y, size.dial) for point in trail]
    for index in range(1, len(spots)):
        faded = canvas.mix(INK, color, 0.25 + 0.6 * index / len(spots))
        canvas.line(
            rgb, spots[index - 1], spots[index], faded, thickness=max(1, size.em // 9)
        )
    affect = row.affect
    if affect is None:
        return
    if math.isfinite(affect.valence) and math.isfinite(affect.arousal):
        spot = _on_dial((affect.valence, affect.arousal), x, y, size.dial)
        canvas.disc(rgb, spot, 0.46 * size.em, INK)
        canvas.disc(rgb, spot, 0.36 * size.em, PAPER)
        canvas.disc(rgb, spot, 0.25 * size.em, color)
    _draw_numbers(rgb, rect, size, affect.valence, affect.arousal)


def _draw_numbers(
    rgb: Image, rect: Rect, size: CardSize, valence: float, arousal: float
) -> None:
    left = rect.x + size.pad + size.dial + round(0.9 * size.em)
    middle = rect.y + size.pad + size.dial // 2
    lines = (("valence", valence, -1.1), ("arousal", arousal, 1.1))
    for name, value, offset in lines:
        y = middle + round(offset * size.em)
        number = f"{value:+.2f}" if math.isfinite(value) else "-"
        canvas.write(
            rgb,
            name,
            left,
            y - round(0.55 * size.em),
            size_px=round(0.84 * size.small),
            color=FAINT,
        )
        canvas.write(
            rgb,
            number,
            left,
            y + round(0.5 * size.em),
            size_px=size.em,
            color=PAPER,
            bold=True,
        )


def _on_dial(point: Point, x: int, y: int, diameter: int) -> Point:
    """Return the position of valence (right) and arousal (up), clipped to the circle."""
    valence, arousal = point
    length = max(1.0, math.hypot(valence, arousal))
    reach = 0.46 * diameter
    return (
        x + diameter / 2 + reach * valence / length,
        y + diameter / 2 - reach * arousal / length,
    )


@lru_cache(maxsize=8)
def _dial(diameter: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Picture (D, D, 3) and opacity (D, D) of the empty dial, supersampled fourfold."""
    times = 4
    side = diameter * times
    middle, radius = side // 2, round(0.47 * side)
    picture = np.full((side, side, 3), INK, np.uint8)
    tints: tuple[Color, ...] = ((46, 66, 92), (40, 74, 72), (82, 72, 44), (88, 50, 56))
    # Clockwise from the lower right: calm, low, tense, lively quadrant (image y runs down).
    quadrants = ((0, tints[1]), (90, tints[0]), (180, tints[3]), (270, tints[2]))
    for start, tint in quadrants:
        cv2.ellipse(
            picture, (middle, middle), (radius,) * 2, 0, start, start + 90, tint, -1
        )
    axis = (112, 122, 138)
    for ring in (0.5, 1.0):
        reach = round(ring * radius)
        cv2.circle(picture, (middle, middle), reach, axis, times, cv2.LINE_AA)
    cv2.line(picture, (middle - radius, middle), (middle + radius, middle), axis, times)
    cv2.line(picture, (middle, middle - radius), (middle, middle + radius), axis, times)
    mask = np.zeros((side, side), np.uint8)
    cv2.circle(mask, (middle, middle), radius + times, 255, -1, cv2.LINE_AA)
    size = (diameter, diameter)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    opacity = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return small, opacity / 255
