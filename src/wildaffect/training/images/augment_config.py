"""Settings of the augmentation of crops."""

from dataclasses import dataclass

from wildaffect.core.checks import check_numbers
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
        check_numbers(
            "augment",
            "[0, 1]",
            flip_probability=self.flip_probability,
            gray_probability=self.gray_probability,
            blur_probability=self.blur_probability,
            erase_probability=self.erase_probability,
        )
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"augment: scale must ascend from above 0, got {self.scale}")
