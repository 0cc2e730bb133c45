"""What is done where predictions and annotations do not cover the same; never guessed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Missing(StrEnum):
    """What an annotated frame without a prediction counts as."""

    REFUSE = "refuse"
    """Nothing is scored; the message names such frames."""
    SKIP = "skip"
    """It is left out of the score."""
    NEUTRAL = "neutral"
    """Count as valence and arousal 0, Neutral, and no action unit."""


class Absent(StrEnum):
    """What an action unit or class counts as that the predictions cannot give."""

    REFUSE = "refuse"
    """Nothing is scored; the message names them."""
    COMMON = "common"
    """It is left out: only what both sides have is compared."""
    ZERO = "zero"
    """Count as never predicted; its F1 is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Rules for rows and labels that do not match; the report states them."""

    missing: Missing = Missing.REFUSE
    absent: Absent = Absent.REFUSE
    class_map: Mapping[str, str | None] | None = None
    """Predicted class -> class of the annotations, None where it has no counterpart: the
    frame then counts as one without a prediction. Needed where label spaces differ."""


MEANING: dict[Missing | Absent, str] = {
    Missing.REFUSE: "an annotated frame without a prediction would have been refused",
    Missing.SKIP: "annotated frames without a prediction are left out",
    Missing.NEUTRAL: "annotated frames without a prediction count as predicted neutral",
    Absent.REFUSE: "a label that the predictions cannot give would have been refused",
    Absent.COMMON: "labels that the predictions cannot give are left out",
    Absent.ZERO: "labels that the predictions cannot give count as never predicted",
}
"""Wording of the rules in reports."""
