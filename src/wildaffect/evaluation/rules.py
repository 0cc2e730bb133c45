"""Explicit rules for frames and labels that predictions or annotations lack."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Missing(StrEnum):
    """Handling of annotated frames without a prediction."""

    REFUSE = "refuse"
    """Raise an error that lists such frames."""
    SKIP = "skip"
    """Exclude the frame from the score."""
    NEUTRAL = "neutral"
    """Count as valence and arousal 0, Neutral, and no action unit."""


class Absent(StrEnum):
    """Handling of an action unit or class that the model cannot predict."""

    REFUSE = "refuse"
    """Raise an error that lists them."""
    COMMON = "common"
    """Exclude the label: only labels of both inputs are compared."""
    ZERO = "zero"
    """Count as never predicted; its F1 is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Rules for mismatched rows and labels; stated in the report."""

    missing: Missing = Missing.REFUSE
    absent: Absent = Absent.REFUSE
    class_map: Mapping[str, str | None] | None = None
    """Predicted class -> class of the annotations, None without a counterpart: the frame
    then counts as a frame without a prediction. Needed where label spaces differ."""


MEANING: dict[Missing | Absent, str] = {
    Missing.REFUSE: "an annotated frame without a prediction would have been refused",
    Missing.SKIP: "annotated frames without a prediction are left out",
    Missing.NEUTRAL: "annotated frames without a prediction count as predicted neutral",
    Absent.REFUSE: "a label that the predictions cannot give would have been refused",
    Absent.COMMON: "labels that the predictions cannot give are left out",
    Absent.ZERO: "labels that the predictions cannot give count as never predicted",
}
"""Wording of the rules in reports."""
