"""Action units of each expression, and its position in valence and arousal.

Sources: prototypes of FACS (Ekman and Friesen 1978, table 11-1) with the shares of posers
of Du, Tao and Martinez (PNAS 111, E1454, 2014); "Other", the unlabeled companions and the
places in valence and arousal are chosen here, in circumplex order.
"""

from wildaffect.core.tasks import ABAW_EXPRESSIONS

EXPRESSIONS = ABAW_EXPRESSIONS.labels
TAKES_PART: dict[str, dict[int, float]] = {
    "Neutral": {},
    "Anger": {4: 1.0, 7: 0.8, 24: 0.8, 23: 0.5, 10: 0.26, 17: 0.52, 5: 0.3},
    "Disgust": {9: 0.8, 10: 1.0, 17: 0.8, 4: 0.31, 24: 0.26, 6: 0.25, 7: 0.4},
    "Fear": {1: 1.0, 4: 0.8, 20: 0.8, 25: 0.8, 2: 0.57, 5: 0.63, 26: 0.33},
    "Happiness": {12: 1.0, 25: 0.8, 6: 0.6, 7: 0.25, 10: 0.2},
    "Sadness": {4: 0.8, 15: 0.8, 1: 0.6, 6: 0.35, 17: 0.67, 24: 0.15},
    "Surprise": {1: 1.0, 2: 1.0, 25: 0.8, 26: 0.8, 5: 0.66},
    "Other": {
        14: 0.4, 18: 0.3, 7: 0.35, 4: 0.3, 1: 0.25, 2: 0.2, 12: 0.3, 24: 0.2, 23: 0.2,
        15: 0.15, 17: 0.3, 22: 0.2, 10: 0.25, 25: 0.3,
    },
}  # fmt: skip
"""Probability that an action unit takes part in an episode."""
VARIANTS: dict[str, tuple[dict[int, float], ...]] = {
    "Neutral": ({},),
    "Anger": (
        {4: 1.0, 7: 0.8, 24: 0.7, 23: 0.5, 17: 0.5, 5: 0.3},
        {4: 1.0, 7: 0.7, 25: 1.0, 26: 0.6, 10: 0.4, 5: 0.4, 23: 0.3},
    ),
    "Disgust": (
        {9: 0.8, 10: 0.6, 17: 0.8, 4: 0.4, 7: 0.4, 24: 0.2},
        {10: 1.0, 9: 0.6, 25: 0.7, 26: 0.3, 4: 0.3, 7: 0.4},
    ),
    "Fear": ({1: 1.0, 4: 0.8, 20: 0.7, 25: 0.9, 2: 0.6, 5: 0.7, 26: 0.4},),
    "Happiness": ({12: 1.0, 25: 0.8, 6: 0.6, 7: 0.25}, {12: 1.0, 6: 0.6}),
    "Sadness": (
        {4: 0.8, 15: 0.8, 1: 0.6, 17: 0.67, 6: 0.25, 43: 0.3},
        {1: 0.8, 4: 0.8, 15: 0.5, 43: 0.3},
    ),
    "Surprise": ({1: 1.0, 2: 1.0, 5: 0.66, 25: 0.9, 26: 0.8}, {1: 1.0, 2: 1.0, 5: 0.6}),
    "Other": (TAKES_PART["Other"],),
}
"""The same for expressions with several equally likely forms: the prototypes and major
variants of Ekman and Friesen (1978, table 11-1), such as anger with lips pressed (24) or
with lips parted (25, 26). Lowered lids (43) of sadness represent the lowered gaze there."""
CENTERS: dict[str, tuple[float, float, float]] = {
    "Neutral": (0.0, -0.05, 0.08),
    "Anger": (-0.50, 0.58, 0.10),
    "Disgust": (-0.62, 0.35, 0.10),
    "Fear": (-0.40, 0.72, 0.10),
    "Happiness": (0.66, 0.28, 0.12),
    "Sadness": (-0.60, -0.32, 0.10),
    "Surprise": (0.15, 0.68, 0.14),
    "Other": (0.02, 0.15, 0.22),
}
"""Valence and arousal at full strength, and the spread of both between episodes."""
TIED = ((1, 2, 0.35), (6, 7, 0.35), (12, 6, 0.25), (26, 25, 1.0))
"""When the first moves, the second moves too with this probability per video.

Within-person correlations of 1 with 2 and of 6 with 12 are .6 to .9 (PMC5875435, table 4).
"""
SIMILAR: dict[str, tuple[str, ...]] = {
    "Neutral": ("Other", "Other", "Sadness"),
    "Anger": ("Disgust", "Other", "Neutral"),
    "Disgust": ("Anger", "Other"),
    "Fear": ("Surprise", "Sadness", "Other"),
    "Happiness": ("Other", "Neutral", "Surprise"),
    "Sadness": ("Neutral", "Other", "Fear"),
    "Surprise": ("Fear", "Other", "Happiness"),
    "Other": ("Neutral", "Neutral", "Happiness"),
}
"""Typical confusions of each expression."""
LABEL_STRENGTH = 0.26
"""Share of a full expression below which an annotator labels Neutral."""
