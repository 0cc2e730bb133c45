"""Colors and sizes of the overlay; sizes follow the frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wildaffect.outputs.overlay.canvas import Color

PALETTE: tuple[Color, ...] = (
    (77, 208, 225),
    (255, 183, 77),
    (174, 132, 255),
    (129, 212, 118),
    (255, 128, 149),
    (100, 168, 255),
    (240, 220, 90),
    (92, 219, 170),
)
"""Colors of tracks in turn: distinguishable on skin, on bright and on dark scenes."""

INK: Color = (16, 19, 26)
PAPER: Color = (240, 243, 248)
FAINT: Color = (172, 180, 193)

ACTION_UNIT_NAMES = {
    "AU01": "inner brow raise",
    "AU02": "outer brow raise",
    "AU04": "brow lower",
    "AU05": "upper lid raise",
    "AU06": "cheek raise",
    "AU07": "lid tighten",
    "AU09": "nose wrinkle",
    "AU10": "upper lip raise",
    "AU12": "lip corner pull",
    "AU14": "dimple",
    "AU15": "lip corner drop",
    "AU17": "chin raise",
    "AU18": "lip pucker",
    "AU20": "lip stretch",
    "AU23": "lip tighten",
    "AU24": "lip press",
    "AU25": "lips part",
    "AU26": "jaw drop",
    "AU28": "lip suck",
    "AU43": "eyes closed",
    "AU45": "blink",
}
"""Short names of action units after the Facial Action Coding System (Ekman et al. 2002)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Style of the overlay."""

    cards: bool = True
    """Draw dial and bars next to each face if there is room."""
    blur_faces: bool = False
    """Blur faces."""
    max_cards: int = 12
    """Largest faces that get a card if there is room; the others keep box and label."""
    trail_s: float = 1.5
    """Length of the path in the dial."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Action unit -> threshold of its probability, marked on its bar."""


def em_px(width: int, height: int) -> int:
    """Return the text size for a frame."""
    return max(9, round(0.0195 * min(width, height)))


def track_color(track_id: int) -> Color:
    """Return the color of a person."""
    return PALETTE[track_id % len(PALETTE)]
