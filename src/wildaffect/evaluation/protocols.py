"""Evaluation protocols: the scored tasks and the overall score, by name.

Source of the ABAW definitions: the competitions' pages; P_MTL as restated by the public
code cprl-team/MTL-ABAW-11th, src/metrics/mtl.py; ambivalence or hesitancy by bah_metrics.py
of the authors (sbelharbi/bah-dataset).
"""

from dataclasses import dataclass
from difflib import get_close_matches

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import ABAW_TASKS, LabelSpaces, Task
from wildaffect.formats.labels import BAH_ATTRIBUTES, EMI_INTENSITIES

_ABAW_TERMS = ("va.mean_ccc", "expression.macro_f1", "action_units.mean_f1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One way to score a set of annotated videos."""

    name: str
    """Name for `--protocol` and in reports."""
    title: str
    definition: str
    """Description of the scores, in one sentence."""
    tasks: tuple[Task, ...]
    spaces: LabelSpaces | None
    """Required label spaces; None for those of the annotations."""
    needs_all: bool
    """True if all tasks are required; else the tasks of both inputs are scored."""
    terms: tuple[str, ...] = _ABAW_TERMS
    """Scores whose sum is the overall score, as far as the tasks have them."""


OWN = "own"
"""Protocol for annotations outside the challenges."""
PROTOCOLS = {
    known.name: known
    for known in (
        Protocol(
            name="abaw-mtl",
            title="ABAW multi-task",
            definition="P = (CCC valence + CCC arousal) / 2 + mean F1 of 8 expressions + "
            "mean F1 of 12 action units, each pooled over all frames annotated for it",
            tasks=ABAW_TASKS,
            spaces=LabelSpaces(),
            needs_all=True,
        ),
        Protocol(
            name="abaw-va",
            title="ABAW valence and arousal",
            definition="P = (CCC valence + CCC arousal) / 2, pooled over all frames "
            "annotated for it",
            tasks=(Task.VALENCE, Task.AROUSAL),
            spaces=LabelSpaces(),
            needs_all=True,
        ),
        Protocol(
            name="abaw-expr",
            title="ABAW expressions",
            definition="P = mean F1 of 8 expressions, pooled over all annotated frames",
            tasks=(Task.EXPRESSION,),
            spaces=LabelSpaces(),
            needs_all=True,
        ),
        Protocol(
            name="abaw-au",
            title="ABAW action units",
            definition="P = mean F1 of 12 action units, pooled over all annotated frames",
            tasks=(Task.ACTION_UNITS,),
            spaces=LabelSpaces(),
            needs_all=True,
        ),
        Protocol(
            name="abaw-ah",
            title="ABAW ambivalence or hesitancy",
            definition="P = mean of the F1 of presence and the F1 of absence, pooled over "
            "all annotated videos or frames",
            tasks=(Task.ACTION_UNITS,),
            spaces=LabelSpaces(action_units=BAH_ATTRIBUTES),
            needs_all=True,
            terms=("action_units.macro_f1",),
        ),
        Protocol(
            name="abaw-emi",
            title="ABAW emotional mimicry intensity",
            definition="P = mean correlation (Pearson) of 6 intensities, each over all "
            "annotated videos",
            tasks=(Task.INTENSITIES,),
            spaces=LabelSpaces(intensities=EMI_INTENSITIES),
            needs_all=True,
            terms=("intensities.mean_pcc",),
        ),
        Protocol(
            name=OWN,
            title="own data",
            definition="each task by itself, in the annotations' label spaces, pooled over "
            "all annotated frames; there is no overall number",
            tasks=tuple(Task),
            spaces=None,
            needs_all=False,
        ),
    )
}
"""All protocols."""

_OF_LAYOUT = {
    "affwild2-mtl": "abaw-mtl",
    "affwild2-va": "abaw-va",
    "affwild2-expr": "abaw-expr",
    "affwild2-au": "abaw-au",
    "bah-videos": "abaw-ah",
    "bah-frames": "abaw-ah",
    "emi": "abaw-emi",
}


def find_protocol(name: str) -> Protocol:
    """Return the protocol of that name.

    Raises:
        UsageError: If there is no such protocol; the message suggests the nearest.
    """
    if name not in PROTOCOLS:
        near = get_close_matches(name, PROTOCOLS) or list(PROTOCOLS)
        raise UsageError(
            f"evaluate: there is no protocol {name!r}; did you mean {', '.join(near)}?"
        )
    return PROTOCOLS[name]


def protocol_of_layout(layout: str) -> Protocol:
    """Return the protocol of a known annotation layout, else `own`."""
    return PROTOCOLS[_OF_LAYOUT.get(layout, OWN)]
