"""Preprocessing of a face crop for a network; stored together with its weights."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config

MAX_SIZE_PX = 2048
"""Maximum side of a crop: larger than the input of any face network, small in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocess(Config):
    """The aligned crop that a backbone was trained on."""

    alignment: Literal["arcface_5pt", "arcface_5pt_raised", "box"] = "arcface_5pt"
    """Name of the template to align eyes, nose and mouth corners to by a similarity; `box`
    is the upright square around the face's landmarks, as around a detector's box."""
    margin: float = 0.0
    """Space added on each side, in sides of the crop without it; negative crops closer."""
    size_px: int
    """Side of the square crop."""
    channels: Literal["rgb", "bgr", "gray"] = "rgb"
    mean: tuple[float, ...]
    """Per channel in the order above, for values in [0, 1]."""
    std: tuple[float, ...]
    interpolation: Literal["linear", "area"] = "linear"

    def __post_init__(self) -> None:
        num_channels = 1 if self.channels == "gray" else 3
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != num_channels:
                raise ValueError(
                    f"preprocess: {name} must have {num_channels} values for "
                    f"{self.channels}, got {len(values)}"
                )
        if min(self.std) <= 0:
            raise ValueError(f"preprocess: std must be positive, got {self.std}")
        check_numbers("preprocess", f"[1, {MAX_SIZE_PX}]", size_px=self.size_px)
        check_numbers("preprocess", "[-0.4, 4]", margin=self.margin)

    def digest(self) -> str:
        """Return the hash that keys stored features, 64 hexadecimal digits."""
        settings = asdict(self)
        if not self.margin:
            del settings["margin"]  # so that features stored before it existed stay valid
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
