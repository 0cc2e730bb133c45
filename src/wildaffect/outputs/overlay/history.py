"""State of the overlay across frames: paths in the dial and positions of cards."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wildaffect.core.results import FaceResult
from wildaffect.core.tasks import LabelSpaces
from wildaffect.outputs.overlay.canvas import Rect
from wildaffect.outputs.overlay.card import Bar, CardSize, Point, bars
from wildaffect.outputs.overlay.layout import Place, place_cards
from wildaffect.outputs.overlay.style import Style, em_px

CARD_FOLLOWS = 0.25
"""Share of a face's movement that its card follows per frame."""

MANY_FACES = 3
"""Number of faces from which cards take their compact form."""
MANY_FACES = 6
"""Number of faces from which cards are dials alone."""

Edges = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """State after a frame; tracks without a row in the frame are dropped."""

    trails: Mapping[int, tuple[tuple[float, float, float], ...]] = field(
        default_factory=dict
    )
    """Track -> time_s, valence, arousal of its last rows."""
    anchors: Mapping[int, Edges] = field(default_factory=dict)
    """Track -> left, top, right, bottom of its box, smoothed over time."""
    places: Mapping[int, Place] = field(default_factory=dict)
    """Track -> its card in this frame."""

    def trail(self, track_id: int) -> list[Point]:
        """Return valence and arousal of the last moments, oldest first."""
        return [(valence, arousal) for _, valence, arousal in self.trails.get(track_id, ())]


def remember(
    history: History,
    rows: Sequence[FaceResult],
    frame: tuple[int, int],
    style: Style,
    spaces: LabelSpaces,
) -> History:
    """Return the history updated with the rows of a frame (width, height)."""
    trails, anchors, faces = {}, {}, {}
    for row in rows:
        if row.face is None:
            continue
        track = row.face.track_id
        faces[track] = face_rect(row)
        trails[track] = _longer(history.trails.get(track, ()), row, style.trail_s)
        anchors[track] = _follow(history.anchors.get(track), row)
    wanted = _wanted(rows, frame, style, spaces)
    boxes = faces | {track: _rect(anchors[track]) for track, _ in wanted}
    sides = {track: place.side for track, place in history.places.items()}
    places = place_cards(frame, boxes, wanted, sides)
    return History(trails=trails, anchors=anchors, places=places)


def face_rect(row: FaceResult) -> Rect:
    """Return the box of a row's face, rounded to pixels."""
    if row.face is None:
        raise ValueError(f"frame {row.frame_index}: row must have a face")
    return _rect(tuple(row.face.box_xyxy.tolist()))


def _rect(edges: tuple[float, ...]) -> Rect:
    x0, y0, x1, y1 = (round(edge) for edge in edges)
    return Rect(x0, y0, max(x1 - x0, 1), max(y1 - y0, 1))


def _longer(
    trail: tuple[tuple[float, float, float], ...], row: FaceResult, trail_s: float
) -> tuple[tuple[float, float, float], ...]:
    affect = row.affect
    if affect is not None and math.isfinite(affect.valence + affect.arousal):
        trail = (*trail, (row.time_s, affect.valence, affect.arousal))
    return tuple(point for point in trail if point[0] >= row.time_s - trail_s)


def _follow(before: Edges | None, row: FaceResult) -> Edges:
    rect = face_rect(row)
    now = (rect.x, rect.y, rect.right, rect.bottom)
    if before is None:
        return now
    x0, y0, x1, y1 = (
        old + CARD_FOLLOWS * (new - old) for old, new in zip(before, now, strict=True)
    )
    return x0, y0, x1, y1


def _wanted(
    rows: Sequence[FaceResult], frame: tuple[int, int], style: Style, spaces: LabelSpaces
) -> list[tuple[int, list[CardSize]]]:
    """Return the tracks that get a card, largest face first, with its possible forms."""
    em = em_px(*frame)
    faces = [row for row in rows if row.face is not None and row.affect is not None]
    faces.sort(key=lambda row: -face_rect(row).area)
    wanted = []
    for row in faces[: style.max_cards if style.cards else 0]:
        units = bars(row, spaces, style.thresholds)
        sizes = _forms(row, units, em, frame, num_faces=len(faces))
        if row.face is not None and sizes:
            wanted.append((row.face.track_id, sizes))
    return wanted


def _forms(
    row: FaceResult,
    units: Sequence[Bar],
    em: int,
    frame: tuple[int, int],
    *,
    num_faces: int,
) -> list[CardSize]:
    """Return the forms of a card, the preferred first; none if nothing is predicted."""
    affect = row.affect
    if affect is None:
        return []
    has_dial = math.isfinite(affect.valence) or math.isfinite(affect.arousal)
    if not (has_dial or units):
        return []

    def form(num_bars: int, *, compact: bool) -> CardSize:
        return CardSize(em=em, num_bars=num_bars, has_dial=has_dial, compact=compact)

    full, compact = (form(len(units), compact=short) for short in (False, True))
    dial = [form(0, compact=True)] if has_dial and units else []
    if num_faces >= MANY_FACES:
        return dial or [compact]
    if num_faces >= MANY_FACES or full.height >= 0.7 * frame[1]:
        return [compact, *dial]
    return [full, compact, *dial]
