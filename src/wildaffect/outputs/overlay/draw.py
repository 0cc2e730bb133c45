"""Drawing of results on a frame."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from wildaffect.core.faces import Status
from wildaffect.core.results import FaceResult
from wildaffect.core.tasks import LabelSpaces
from wildaffect.outputs.overlay import canvas
from wildaffect.outputs.overlay.blur import blur_face
from wildaffect.outputs.overlay.canvas import Image, Rect
from wildaffect.outputs.overlay.card import Bar, bars, draw_card
from wildaffect.outputs.overlay.history import History, face_rect, remember
from wildaffect.outputs.overlay.layout import place_label
from wildaffect.outputs.overlay.style import FAINT, INK, PAPER, Style, em_px, track_color

SPACES = LabelSpaces()


def draw(
    rgb: Image,
    rows: Sequence[FaceResult],
    style: Style | None = None,
    history: History | None = None,
    *,
    spaces: LabelSpaces = SPACES,
    also_hide: Iterable[Rect] = (),
) -> Image:
    """Return a copy of a frame with the faces of `rows` marked on it.

    Args:
        rgb: Frame of shape (H, W, 3).
        rows: All rows of this frame; their order does not matter.
        style: Style of the overlay.
        history: `remember(..., rows, ...)` of this frame in a video; None for a picture.
        spaces: Names of the model's outputs.
        also_hide: With `blur_faces`, boxes of faces that have no row in this frame.
    """
    style = style or Style()
    picture: Image = np.ascontiguousarray(rgb).copy()
    rows = sorted(
        (row for row in rows if row.face is not None), key=lambda row: -face_rect(row).area
    )
    frame = (picture.shape[1], picture.shape[0])
    if history is None:
        history = remember(History(), rows, frame, style, spaces)
    if style.blur_faces:
        for box in (*map(face_rect, rows), *also_hide):
            blur_face(picture, box)
    for row in rows:
        _draw_box(picture, row, em_px(*frame))
    for row in rows:
        _draw_card_of(picture, row, history, bars(row, spaces, style.thresholds))
    _draw_labels(picture, rows, history, spaces)
    return picture


def _draw_box(picture: Image, row: FaceResult, em: int) -> None:
    box = face_rect(row)
    color = canvas.mix(_color(row), FAINT, 0.0 if row.status is Status.OK else 0.55)
    radius = min(0.12 * min(box.width, box.height), 1.2 * em)
    thin = max(1, round(em / 8))
    dashed = row.status is Status.INTERPOLATED
    for shade, thickness in ((INK, thin + max(2, thin)), (color, thin)):
        canvas.outline(
            picture, box, shade, radius=radius, thickness=thickness, dashed=dashed
        )


def _draw_card_of(
    picture: Image, row: FaceResult, history: History, units: Sequence[Bar]
) -> None:
    face = row.face
    if face is None or face.track_id not in history.places:
        return
    place = history.places[face.track_id]
    draw_card(
        picture,
        place.rect,
        place.size,
        row=row,
        units=units,
        trail=history.trail(face.track_id),
        color=_color(row),
    )


def _draw_labels(
    picture: Image, rows: Sequence[FaceResult], history: History, spaces: LabelSpaces
) -> None:
    frame = (picture.shape[1], picture.shape[0])
    em = em_px(*frame)
    taken = [place.rect for place in history.places.values()]
    for row in rows:
        own = face_rect(row)
        others = [face_rect(other) for other in rows if other is not row]
        blocked = [*taken, *others]
        for text in (_caption(row, spaces), _short_caption(row), ""):
            rect, cost = place_label(frame, own, _label_size(row, text, em), blocked)
            if cost < 0.35:
                break
        _draw_label(picture, rect, row, text, em)
        taken.append(rect)


def _label_size(row: FaceResult, text: str, em: int) -> tuple[int, int]:
    width = _chip_width(row, em)
    if text:
        width += canvas.text_width(text, em, bold=_is_scored(row)) + round(1.1 * em)
    return width, round(1.75 * em)


def _draw_label(picture: Image, rect: Rect, row: FaceResult, text: str, em: int) -> None:
    radius = 0.45 * em
    middle = rect.y + rect.height // 2
    chip = rect._replace(width=_chip_width(row, em))
    if text:
        canvas.fill(picture, rect, INK, radius=radius, opacity=0.78)
    canvas.fill(picture, chip, _color(row), radius=radius, opacity=1.0)
    name = _chip_text(row)
    x = chip.x + (chip.width - canvas.text_width(name, em, bold=True)) // 2
    canvas.write(picture, name, x, middle, size_px=em, color=INK, bold=True)
    canvas.write(
        picture,
        text,
        chip.right + round(0.5 * em),
        middle,
        size_px=em,
        color=PAPER if _is_scored(row) else FAINT,
        bold=_is_scored(row),
    )


def _caption(row: FaceResult, spaces: LabelSpaces) -> str:
    affect = row.affect
    short = _short_caption(row)
    if not _is_scored(row) or affect is None or affect.expression_probs is None:
        return short
    if affect.expression_word not in spaces.expressions.labels:
        return short
    share = float(affect.expression_probs[spaces.expressions.index(short)])
    return f"{short} {100 * share:.0f}%" if math.isfinite(share) else short


def _short_caption(row: FaceResult) -> str:
    if _is_scored(row) and row.affect is not None and row.affect.expression is not None:
        return row.affect.expression_word or ""
    return "" if row.status is Status.OK else str(row.status).replace("_", " ")


def _is_scored(row: FaceResult) -> bool:
    return row.status is Status.OK


def _chip_text(row: FaceResult) -> str:
    return "" if row.face is None else str(row.face.track_id)


def _chip_width(row: FaceResult, em: int) -> int:
    return max(
        round(1.75 * em),
        canvas.text_width(_chip_text(row), em, bold=True) + round(0.9 * em),
    )


def _color(row: FaceResult) -> canvas.Color:
    return track_color(0 if row.face is None else row.face.track_id)
