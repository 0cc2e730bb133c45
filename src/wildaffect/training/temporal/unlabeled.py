"""Settings for the use of videos without labels."""

from dataclasses import dataclass
from typing import Literal

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class LabeledOnly(Config):
    """Train on annotated videos alone."""

    kind: Literal["labeled-only"] = "labeled-only"


@dataclass(frozen=True, kw_only=True, slots=True)
class _WithTeacher(Config):
    """Settings of every use of a teacher."""

    weight: float = 1.0
    """Weight of the loss on unlabeled windows, after the ramp."""
    ramp_ratio: float = 0.3
    """Share of the steps over which the weight grows from 0, linearly."""
    windows_ratio: float = 1.0
    """Unlabeled windows per step, as a multiple of the batch size."""
    teacher_decay: float = 0.99
    """Decay of the EMA that is the teacher."""

    def __post_init__(self) -> None:
        check_numbers("unlabeled", "[0, inf)", weight=self.weight)
        check_numbers("unlabeled", "[0, 1]", ramp_ratio=self.ramp_ratio)
        check_numbers("unlabeled", "(0, inf)", windows_ratio=self.windows_ratio)
        check_numbers("unlabeled", "(0, 1)", teacher_decay=self.teacher_decay)

    def weight_at(self, share_done: float) -> float:
        """Return the weight after a share of the steps, in [0, 1]."""
        ramp = 1.0 if share_done >= self.ramp_ratio else share_done / self.ramp_ratio
        return self.weight * ramp


@dataclass(frozen=True, kw_only=True, slots=True)
class MeanTeacher(_WithTeacher):
    """The student's probabilities shall equal the teacher's: squared difference."""

    kind: Literal["mean-teacher"] = "mean-teacher"


@dataclass(frozen=True, kw_only=True, slots=True)
class PseudoLabels(_WithTeacher):
    """Confident predictions of the teacher are labels, with the losses of the recipe."""

    min_confidence: float = 0.8
    """Minimum probability of a class, or of an action unit's presence or absence, in
    [0.5, 1). Valence and arousal have no confidence: every row counts."""
    kind: Literal["pseudo-labels"] = "pseudo-labels"

    def __post_init__(self) -> None:
        _WithTeacher.__post_init__(self)
        check_numbers("unlabeled", "[0.5, 1)", min_confidence=self.min_confidence)


Unlabeled = LabeledOnly | MeanTeacher | PseudoLabels
