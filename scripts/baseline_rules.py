"""The rules of the artifact `baseline-rules`, each with its source.

`compile_baseline_rules.py` turns them into the network that analysis runs; the card of the
artifact lists them. Inputs are named `change.X` (a blendshape or geometry measure against
the person's neutral, mean of left and right where both exist) or `now.X` (as measured).
Nothing here was fitted to labeled data.
"""

from dataclasses import dataclass

FACS = "P. Ekman, W. Friesen, J. Hager, Facial Action Coding System, 2002"
DU = "S. Du, Y. Tao, A. Martinez, PNAS 111(15):E1454, 2014, table 1"
CIRCUMPLEX = "J. Russell, A. Mehrabian, J. Research in Personality 11:273-294, 1977"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRule:
    """Probability = sigmoid(slope x (sum of weight x input - center))."""

    label: str
    inputs: dict[str, float]
    center: float
    """Evidence at which the probability is one half."""
    slope: float
    reason: str


UNITS = (
    UnitRule(
        label="AU01",
        inputs={"change.browInnerUp": 1.0, "change.brow_inner_height": 6.0},
        center=0.30,
        slope=12,
        reason="inner brows rise",
    ),
    UnitRule(
        label="AU02",
        inputs={"change.browOuterUp": 1.0, "change.brow_outer_height": 6.0},
        center=0.30,
        slope=12,
        reason="outer brows rise",
    ),
    UnitRule(
        label="AU04",
        inputs={
            "change.browDown": 1.0,
            "change.brow_mid_height": -6.0,
            "change.brow_gap": -4.0,
        },
        center=0.30,
        slope=12,
        reason="brows come down and together",
    ),
    UnitRule(
        label="AU06",
        inputs={"change.cheek_eye": -8.0, "change.lid_lower_pupil": -8.0},
        center=0.30,
        slope=12,
        reason="cheeks rise toward the eyes and lift the lower lids; a strong AU12 alone "
        "moves them too, so the two are not told apart well",
    ),
    UnitRule(
        label="AU07",
        inputs={"change.eyeSquint": 1.0, "change.eyeBlink": -0.4},
        center=0.22,
        slope=14,
        reason="lids tighten without closing",
    ),
    UnitRule(
        label="AU10",
        inputs={"change.mouthUpperUp": 1.0, "change.mouthSmile": -0.9},
        center=0.22,
        slope=14,
        reason="upper lip rises by more than a smile lifts it",
    ),
    UnitRule(
        label="AU12",
        inputs={"change.mouthSmile": 1.0, "change.corner_eye": -1.5},
        center=0.40,
        slope=10,
        reason="mouth corners go up and back, toward the eyes",
    ),
    UnitRule(
        label="AU24",
        inputs={
            "change.mouthPress": 1.0,
            "change.mouthSmile": -0.5,
            "change.lip_gap": -2.0,
        },
        center=0.25,
        slope=14,
        reason="lips press on each other; a smile presses them a little as well",
    ),
    UnitRule(
        label="AU25",
        inputs={"now.lip_gap": 1.0},
        center=0.035,
        slope=150,
        reason="lips part: the inner lips are apart, whatever the person's neutral is",
    ),
    UnitRule(
        label="AU26",
        inputs={"change.jawOpen": 1.0},
        center=0.18,
        slope=20,
        reason="the jaw drops",
    ),
)
"""AU15 and AU23 are not predicted: nothing that is measured was seen to follow them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionRule:
    """Logit = STEEPNESS x (weighted sum of unit probabilities - CENTER)."""

    label: str
    units: dict[str, float]
    valence: float
    arousal: float


STEEPNESS = 9.0
CENTER = 0.5
"""Share of the prototype that must be seen before it is likelier than a neutral face."""

EXPRESSIONS = (
    ExpressionRule(label="Neutral", units={}, valence=0.0, arousal=0.0),
    ExpressionRule(
        label="Anger",
        units={"AU04": 0.5, "AU07": 0.3, "AU24": 0.3, "AU01": -0.4, "AU12": -0.5},
        valence=-0.51,
        arousal=0.59,
    ),
    ExpressionRule(
        label="Disgust",
        units={"AU10": 0.7, "AU04": 0.3, "AU01": -0.3, "AU12": -0.5},
        valence=-0.60,
        arousal=0.35,
    ),
    ExpressionRule(
        label="Fear",
        units={"AU01": 0.3, "AU04": 0.3, "AU02": 0.2, "AU25": 0.25, "AU12": -0.6},
        valence=-0.64,
        arousal=0.60,
    ),
    ExpressionRule(
        label="Happiness",
        units={"AU12": 0.75, "AU06": 0.15, "AU25": 0.1, "AU04": -0.3},
        valence=0.81,
        arousal=0.51,
    ),
    ExpressionRule(
        label="Sadness",
        units={"AU01": 0.45, "AU04": 0.45, "AU02": -0.4, "AU25": -0.2, "AU12": -0.5},
        valence=-0.63,
        arousal=-0.27,
    ),
    ExpressionRule(
        label="Surprise",
        units={"AU01": 0.25, "AU02": 0.35, "AU26": 0.3, "AU25": 0.1, "AU04": -0.5},
        valence=0.40,
        arousal=0.67,
    ),
)
"""Prototypes: DU, of the units that are predicted; negative weights keep apart what shares
units. Positions: CIRCUMPLEX, pleasure and arousal. `Other` has no prototype."""

THRESHOLD = 0.5
