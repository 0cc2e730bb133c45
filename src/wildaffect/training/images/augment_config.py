"""Settings of the augmentation of crops."""

from dataclasses import dataclass

from wildaffect.core.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class AugmentConfig(Config):
    """Strength of the augmentations; 0 disables each of them.

    Crops may be flipped horizontally: no label refers to one side of the face.
    """

    flip_probability: float = 0.5
    """Probability of a horizontal flip."""
    rotation_deg: float = 8.0
    """Maximum rotation to either side."""
    scale: tuple[float, float] = (0.9, 1.1)
    """Minimum and maximum scale."""
    shift: float = 0.04
    """Maximum shift along each axis, relative to the crop's side."""
    brightness: float = 0.2
    """Maximum relative change of brightness."""
    contrast: float = 0.2
    """Maximum relative change of contrast."""
    saturation: float = 0.2
    """Maximum relative change of saturation."""
    gray_probability: float = 0.05
    """Probability of removing the color."""
    blur_probability: float = 0.1
    """Probability of a blur."""
    erase_probability: float = 0.1
    """Probability of random erasing."""
    erase_side: float = 0.3
    """Maximum side of the erased rectangle, relative to the crop's side."""

    def __post_init__(self) -> None:
        for name in ("flip", "gray", "blur", "erase"):
            value = getattr(self, f"{name}_probability")
            if not 0 <= value <= 1:
                raise ValueError(
                    f"augment: {name}_probability must be in [0, 1], got {value}"
                )
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"augment: scale must ascend from above 0, got {self.scale}")
