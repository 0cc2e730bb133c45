"""Predictions of one face in one frame: a row of the result table."""

from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FaceObservation, Status
from wildaffect.core.scales import ScaleSpace
from wildaffect.core.signals import Signals
from wildaffect.core.tasks import LabelSpace, LabelSpaces

UNCLEAR = "unclear"
"""Label shown in place of an expression whose margin over the next class is small."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Affect:
    """Perceived affect of one face; NaN or None where the model does not predict it.

    Arrays are in the order of `spaces`; `expressions`, `action_units`, `intensities`,
    `sides` and `ratings` map labels to the same values.
    """

    valence: float = float("nan")
    """In [-1, 1]."""
    arousal: float = float("nan")
    """In [-1, 1]."""
    valence_sd: float = float("nan")
    """Spread over the members of an ensemble."""
    arousal_sd: float = float("nan")
    expression: str | None = None
    """Most probable class, after the artifact's bias."""
    expression_is_unclear: bool = False
    """True if the margin over the next class is below the artifact's."""
    expression_probs: NDArray[np.float32] | None = None
    """In the order of the label space, summing to 1; NaN for a class not predicted."""
    action_unit_probs: NDArray[np.float32] | None = None
    """In the order of the label space; NaN for an action unit not predicted."""
    action_units_present: tuple[bool | None, ...] | None = None
    """Probability at or above the artifact's threshold; None where not predicted."""
    action_unit_intensities: NDArray[np.float32] | None = None
    """In [0, 5] in the order of the label space: 0 not shown, 1 to 5 A to E of FACS; NaN
    for an action unit not predicted."""
    action_unit_sides: NDArray[np.float32] | None = None
    """The same on the subject's left and right side, shape (2, K); NaN for an action unit
    whose sides the model does not distinguish."""
    dimension_values: NDArray[np.float32] | None = None
    """On the scales of `spaces.dimensions`, in their order."""
    intensity_values: NDArray[np.float32] | None = None
    """On the scales of `spaces.intensities`, in their order."""
    spaces: LabelSpaces = field(default_factory=LabelSpaces)
    """Labels and scales of the values above."""

    def __post_init__(self) -> None:
        expressions, units = self.spaces.expressions, self.spaces.action_units
        _check_length("expression_probs", self.expression_probs, expressions)
        _check_length("action_unit_probs", self.action_unit_probs, units)
        _check_length("action_units_present", self.action_units_present, units)
        _check_length("action_unit_intensities", self.action_unit_intensities, units)
        _check_length("dimension_values", self.dimension_values, self.spaces.dimensions)
        _check_length("intensity_values", self.intensity_values, self.spaces.intensities)
        if self.action_unit_sides is not None:
            shape = (2, len(units))
            if self.action_unit_sides.shape != shape:
                raise ValueError(
                    f"affect: action_unit_sides must have shape {shape}, got "
                    f"{self.action_unit_sides.shape}"
                )

    @property
    def expressions(self) -> dict[str, float]:
        """Probability of each expression class that the model predicts, by its label."""
        return _by_label(self.expression_probs, self.spaces.expressions)

    @property
    def action_units(self) -> dict[str, float]:
        """Probability of each action unit that the model predicts, by its label."""
        return _by_label(self.action_unit_probs, self.spaces.action_units)

    @property
    def intensities(self) -> dict[str, float]:
        """Intensity in [0, 5] of each action unit that the model grades, by its label."""
        return _by_label(self.action_unit_intensities, self.spaces.action_units)

    @property
    def ratings(self) -> dict[str, float]:
        """Value on each scale of one's own that the model predicts, by its label."""
        return _by_label(self.dimension_values, self.spaces.dimensions) | _by_label(
            self.intensity_values, self.spaces.intensities
        )

    @property
    def sides(self) -> dict[str, tuple[float, float]]:
        """Left and right intensity of each action unit whose sides are distinguished."""
        if self.action_unit_sides is None:
            return {}
        left, right = (
            _by_label(side, self.spaces.action_units) for side in self.action_unit_sides
        )
        return {label: (left[label], right[label]) for label in left}

    @property
    def present_action_units(self) -> tuple[str, ...]:
        """Labels of the action units that are present."""
        present = self.action_units_present or ()
        pairs = zip(self.spaces.action_units.labels, present, strict=False)
        return tuple(label for label, is_present in pairs if is_present)

    @property
    def expression_word(self) -> str | None:
        """Expression as shown to people: `unclear` if the margin is small."""
        return UNCLEAR if self.expression_is_unclear else self.expression

    def __repr__(self) -> str:
        return f"Affect({_summary(self)})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FaceResult:
    """One row: a face in a frame, or the statement that a frame has none."""

    frame_index: int
    time_s: float
    status: Status
    face: FaceObservation | None = None
    """None if and only if `status` is `no_face`."""
    affect: Affect | None = None
    """None where there is no face, or its quality is too low for predictions."""
    signals: Signals | None = None
    """Eyes, gaze and mouth; None where `status` is not `ok`."""
    features: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Requested feature groups by name, raw and relative to the person's neutral."""
    neutral_known: float = float("nan")
    """How well the person's own neutral face was known at this row, in [0, 1];
    NaN where the model reads no changes against it."""
    image: str | None = None
    """Name of the photograph, if the source is a set of photographs."""
    source: str | None = None
    """Name of the video, image or folder, distinct among those analyzed together."""

    def __repr__(self) -> str:
        parts = [f"frame {self.frame_index}, {self.time_s:.3f} s, {self.status}"]
        if self.face is not None:
            parts[0] += f", track {self.face.track_id}"
        if self.affect is not None:
            parts.append(_summary(self.affect))
        return f"FaceResult({': '.join(parts)})"


def _check_length(name: str, values: Sized | None, space: LabelSpace | ScaleSpace) -> None:
    if values is not None and len(values) != len(space):
        raise ValueError(
            f"affect: {name} must have the {len(space)} values of label space "
            f"{space.name!r}, got {len(values)}"
        )


def _by_label(
    values: NDArray[np.float32] | None, space: LabelSpace | ScaleSpace
) -> dict[str, float]:
    numbers: Iterable[float] = () if values is None else values.tolist()
    return {
        label: value
        for label, value in zip(space.labels, numbers, strict=False)
        if isfinite(value)
    }


def _summary(affect: Affect) -> str:
    """Return the predictions in one line."""
    values = (("valence", affect.valence), ("arousal", affect.arousal))
    parts = [f"{name} {value:+.2f}" for name, value in values if isfinite(value)]
    if affect.expression is not None:
        share = affect.expressions.get(affect.expression)
        clear = " (unclear)" if affect.expression_is_unclear else ""
        parts.append(affect.expression + (f" {share:.2f}" if share else "") + clear)
    if affect.present_action_units:
        parts.append(" ".join(affect.present_action_units))
    parts += [f"{label} {value:.2f}" for label, value in affect.ratings.items()]
    return ", ".join(parts) or "nothing predicted"
