"""What an analysis says of one face in one frame: a row of the result table."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FaceObservation, Status

UNCLEAR = "unclear"
"""What people read in place of an expression that hardly leads the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affect:
    """Perceived affect of one face; NaN or None where the model does not predict it."""

    valence: float = float("nan")
    """In [-1, 1]."""
    arousal: float = float("nan")
    """In [-1, 1]."""
    valence_sd: float = float("nan")
    """Spread over the members of an ensemble."""
    arousal_sd: float = float("nan")
    expression: str | None = None
    """Most probable class, after the artefact's bias."""
    expression_is_unclear: bool = False
    """It leads the next class by less than the artefact's margin."""
    expression_probs: NDArray[np.float32] | None = None
    """In the order of the label space, summing to 1; NaN for a class not predicted."""
    action_unit_probs: NDArray[np.float32] | None = None
    """In the order of the label space; NaN for an action unit not predicted."""
    action_units_present: tuple[bool | None, ...] | None = None
    """Probability at or above the artefact's threshold; None where not predicted."""
    action_unit_intensities: NDArray[np.float32] | None = None
    """In [0, 5] in the order of the label space: 0 not shown, 1 to 5 A to E of FACS; NaN
    for an action unit not predicted."""

    @property
    def expression_word(self) -> str | None:
        """Return the expression as overlay and summary say it."""
        return UNCLEAR if self.expression_is_unclear else self.expression


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceResult:
    """One row: a face in a frame, or the statement that a frame has none."""

    frame_index: int
    time_s: float
    status: Status
    face: FaceObservation | None = None
    """None if and only if `status` is `no_face`."""
    affect: Affect | None = None
    """None where there is no face or its quality is too low to say anything."""
    features: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Named feature groups that were asked for, raw and against the person's neutral."""
    neutral_known: float = float("nan")
    """How far the person's own neutral face was known when this row was read, in [0, 1];
    NaN where the model reads no changes against it."""
    image: str | None = None
    """Name of the photograph, where the source is a set of them."""
