"""Label spaces of data sets other than ABAW's, and the numbers of action units."""

from wildaffect.core.scales import Scale, ScaleSpace
from wildaffect.core.tasks import ABAW_EXPRESSIONS, LabelSpace, action_unit_label

AFFWILD2_EXPRESSIONS_7 = LabelSpace(
    name="affwild2-expressions-7",
    labels=("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise"),
)
"""ABAW1 and 2: no "Other"; such frames were excluded, so it is not Neutral either."""

AFFECTNET_EXPRESSIONS = LabelSpace(
    name="affectnet-expressions-8",
    labels=(
        "Neutral",
        "Happiness",
        "Sadness",
        "Surprise",
        "Fear",
        "Disgust",
        "Anger",
        "Contempt",
    ),
)
"""Codes 0 to 7; 8 None, 9 Uncertain and 10 No-Face are no expressions."""

RAFDB_EXPRESSIONS = LabelSpace(
    name="rafdb-expressions-7",
    labels=("Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral"),
)
"""Codes 1 to 7 of the basic subset, here from 0."""

FERPLUS_EXPRESSIONS = LabelSpace(
    name="ferplus-expressions-8",
    labels=(
        "Neutral",
        "Happiness",
        "Surprise",
        "Sadness",
        "Anger",
        "Disgust",
        "Fear",
        "Contempt",
    ),
)
"""Columns of the votes; "unknown" and "NF" (no face) are no expressions."""

CREMA_D_EXPRESSIONS = LabelSpace(
    name="crema-d-expressions-6",
    labels=("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness"),
)
"""What observers of CREMA-D could vote for; Surprise and Other were not offered."""

RAVDESS_EXPRESSIONS = LabelSpace(
    name="ravdess-expressions-8",
    labels=(
        "Neutral",
        "Calm",
        "Happiness",
        "Sadness",
        "Anger",
        "Fear",
        "Disgust",
        "Surprise",
    ),
)
"""Codes 01 to 08 of the file names, here from 0."""

EXPRESSION_SPACES = {
    space.name: space
    for space in (
        ABAW_EXPRESSIONS,
        AFFWILD2_EXPRESSIONS_7,
        AFFECTNET_EXPRESSIONS,
        RAFDB_EXPRESSIONS,
        FERPLUS_EXPRESSIONS,
        CREMA_D_EXPRESSIONS,
        RAVDESS_EXPRESSIONS,
    )
}
"""Known expressions by the name of their label space."""


def _units(name: str, numbers: tuple[int, ...]) -> LabelSpace:
    return LabelSpace(name=name, labels=tuple(map(action_unit_label, numbers)))


AFFWILD2_ACTION_UNITS_8 = _units("affwild2-action-units-8", (1, 2, 4, 6, 12, 15, 20, 25))
DISFA_ACTION_UNITS = _units(
    "disfa-action-units-12", (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
)
BP4D_ACTION_UNITS = _units(
    "bp4d-action-units-12", (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)
)
"""The action units of published results on BP4D; it codes more, some of which never
occur."""
EMOTIONET_ACTION_UNITS = _units(
    "emotionet-action-units-17",
    (1, 2, 4, 5, 6, 9, 10, 12, 15, 17, 18, 20, 24, 25, 26, 28, 43),
)
"""Units that the challenge annotated; its codes 51 to 56 are head movements."""

BAH_ATTRIBUTES = LabelSpace(
    name="bah-ambivalence-hesitancy", labels=("ambivalence_hesitancy",)
)
"""Ambivalence or hesitancy, which BAH does not tell apart."""

EMI_INTENSITIES = ScaleSpace(
    name="emi-intensities-6",
    scales=tuple(
        Scale(label=f"{name}_intensity", low=0.0, high=1.0)
        for name in (
            "admiration",
            "amusement",
            "determination",
            "empathic_pain",
            "excitement",
            "joy",
        )
    ),
)
"""Columns of Hume-Vidmimic2 in the order of its files."""


def unit_number(label: str) -> int:
    """Return the FACS number of an action unit's label."""
    return int(label.removeprefix("AU"))
