"""What is compared and which number sums it up, under a name that reports carry.

Source of the ABAW definitions: the competitions' pages; P_MTL as restated by the public
code cprl-team/MTL-ABAW-11th, src/metrics/mtl.py.
"""

from dataclasses import dataclass
from difflib import get_close_matches

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import LabelSpaces, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One way to score a set of annotated videos."""

    name: str
    """Name for `--protocol` and in reports."""
    title: str
    definition: str
    """What the numbers are, in one sentence."""
    tasks: tuple[Task, ...]
    spaces: LabelSpaces | None
    """Label spaces that both sides must have; None takes those of the annotations."""
    needs_all: bool
    """True if every task must be on both sides; else the tasks that both have count."""


OWN = "own"
"""Protocol of annotations that no challenge defines."""
PROTOCOLS = {
    known.name: known
    for known in (
        Protocol(
            name="abaw-mtl",
            title="ABAW multi-task",
            definition="P = (CCC valence + CCC arousal) / 2 + mean F1 of 8 expressions + "
            "mean F1 of 12 action units, each pooled over all frames annotated for it",
            tasks=tuple(Task),
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
"""Every protocol there is."""

_OF_LAYOUT = {
    "affwild2-mtl": "abaw-mtl",
    "affwild2-va": "abaw-va",
    "affwild2-expr": "abaw-expr",
    "affwild2-au": "abaw-au",
}


def find_protocol(name: str) -> Protocol:
    """Return the protocol of that name.

    Raises:
        UsageError: If there is none; the message suggests the nearest.
    """
    if name not in PROTOCOLS:
        near = get_close_matches(name, PROTOCOLS) or list(PROTOCOLS)
        raise UsageError(
            f"evaluate: there is no protocol {name!r}; did you mean {', '.join(near)}?"
        )
    return PROTOCOLS[name]


def protocol_of_layout(layout: str) -> Protocol:
    """Return the protocol that annotations of a known layout were made for, else `own`."""
    return PROTOCOLS[_OF_LAYOUT.get(layout, OWN)]
