"""Placement of labels and cards: next to their face, off other faces, inside the frame."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wildaffect.outputs.overlay.canvas import Rect
from wildaffect.outputs.overlay.card import CardSize

STAY = 0.08
"""A card keeps its side unless another is better by this share."""
ANYWHERE = 99
"""Side of a card at a free place of the grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Position of the card of a face."""

    rect: Rect
    size: CardSize
    side: int
    """Index of the candidate position; stable over time."""


def place_cards(
    frame: tuple[int, int],
    faces: Mapping[int, Rect],
    wanted: Sequence[tuple[int, Sequence[CardSize]]],
    sides: Mapping[int, int],
) -> dict[int, Place]:
    """Place each card at its best free position, in order of priority.

    Args:
        frame: Width and height in pixels.
        faces: Track -> box, of all faces of the frame.
        wanted: Track -> forms of its card, the preferred first.
        sides: Track -> side of its last card.
    """
    placed: dict[int, Place] = {}
    for track, sizes in wanted:
        others = [box for other, box in faces.items() if other != track]
        blocked = [*others, *(place.rect for place in placed.values())]
        found = _best(frame, faces[track], blocked, sizes, sides.get(track))
        if found is not None:
            placed[track] = found
    return placed


def _best(
    frame: tuple[int, int],
    own: Rect,
    blocked: Sequence[Rect],
    sizes: Sequence[CardSize],
    stay: int | None,
) -> Place | None:
    fitting = [size for size in sizes if size.width <= frame[0] and size.height <= frame[1]]
    for size in fitting:
        place = _free(frame, own, blocked, size, stay)
        if place is not None:
            return place
    if blocked or not fitting:
        return None
    return _least_covering(frame, own, fitting[-1], stay)


def _free(
    frame: tuple[int, int],
    own: Rect,
    blocked: Sequence[Rect],
    size: CardSize,
    stay: int | None,
) -> Place | None:
    """Return a place that covers no face and no card, the side of the last card first."""
    spots = _candidates(frame, own, size, alone=not blocked)
    near = [
        Place(rect=rect, size=size, side=side)
        for side, rect in enumerate(spots)
        if not any(rect.overlap(other) for other in (own, *blocked))
    ]
    kept = [place for place in near if place.side == stay]
    if kept or near:
        return (kept or near)[0]
    return _anywhere(frame, own, blocked, size)


def _anywhere(
    frame: tuple[int, int], own: Rect, blocked: Sequence[Rect], size: CardSize
) -> Place | None:
    """Return the free place of a grid nearest to the face, not far from it."""
    width, height = frame
    step = max(8, 2 * size.em)
    left, right = own.x - 2 * size.width, own.right + size.width
    top, bottom = own.y - size.width - size.height, own.bottom + size.width
    found: list[tuple[float, Rect]] = []
    for y in range(max(0, top // step * step), min(bottom, height - size.height) + 1, step):
        for x in range(
            max(0, left // step * step), min(right, width - size.width) + 1, step
        ):
            rect = Rect(x, y, size.width, size.height)
            away = _distance(rect, own)
            if away <= size.width and not any(
                rect.overlap(other) for other in (own, *blocked)
            ):
                found.append((away, rect))
    if not found:
        return None
    return Place(rect=min(found)[1], size=size, side=ANYWHERE)


def _distance(one: Rect, other: Rect) -> float:
    """Return the distance between the nearest edges; 0 if they touch."""
    across = max(one.x - other.right, other.x - one.right, 0)
    down = max(one.y - other.bottom, other.y - one.bottom, 0)
    return math.hypot(across, down)


def _least_covering(
    frame: tuple[int, int], own: Rect, size: CardSize, stay: int | None
) -> Place:
    """Return the place for the card of the only face, which leaves no room."""
    spots = _candidates(frame, own, size, alone=True)
    costs = [
        (
            1.5 * rect.overlap(own) / rect.area
            + 0.01 * side
            - (STAY if side == stay else 0.0),
            side,
        )
        for side, rect in enumerate(spots)
    ]
    _, side = min(costs)
    return Place(rect=spots[side], size=size, side=side)


def _covered(rect: Rect, blocked: Iterable[Rect]) -> float:
    return sum(rect.overlap(other) for other in blocked) / rect.area


def _candidates(
    frame: tuple[int, int], own: Rect, size: CardSize, *, alone: bool
) -> list[Rect]:
    width, height = frame
    gap = size.em // 2
    right, left = own.right + gap, own.x - gap - size.width
    under, over = own.bottom + gap, own.y - round(2.6 * size.em) - size.height
    end_x, end_y = width - size.width - gap, height - size.height - gap
    spots = [
        (right, own.y),
        (left, own.y),
        (right, own.bottom - size.height),
        (left, own.bottom - size.height),
        (own.x, under),
        (own.x, over),
    ]
    if alone:  # with several faces, a card in a corner would be ambiguous
        spots += [(end_x, gap), (gap, gap), (end_x, end_y), (gap, end_y)]
    return [Rect(x, y, size.width, size.height).inside(width, height) for x, y in spots]


def place_label(
    frame: tuple[int, int], own: Rect, wanted: tuple[int, int], blocked: Sequence[Rect]
) -> tuple[Rect, float]:
    """Return the best position for a label of (width, height), and the area it covers."""
    width, height = wanted
    gap = max(2, height // 5)
    spots = [
        (own.x, own.y - height - gap),
        (own.x, own.bottom + gap),
        (own.right - width, own.y - height - gap),
        (own.right - width, own.bottom + gap),
        (own.x + gap, own.y + gap),
    ]
    rects = [Rect(x, y, width, height).inside(*frame) for x, y in spots]
    costs = [
        (
            _covered(rect, blocked) + 0.3 * rect.overlap(own) / max(rect.area, 1),
            index,
        )
        for index, rect in enumerate(rects)
    ]
    cost, index = min((cost + 0.05 * index, index) for cost, index in costs)
    return rects[index], cost
