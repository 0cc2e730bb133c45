"""The card of the artifact `baseline-rules`, written from its rules."""

from baseline_rules import (
    CENTER,
    CIRCUMPLEX,
    DU,
    EXPRESSIONS,
    FACS,
    STEEPNESS,
    THRESHOLD,
    UNITS,
)

HEAD = """# baseline-rules

A baseline, and it says so: written rules over face geometry and blendshape scores, the
same for everybody. Nothing was trained on labels of affect, and accuracy on people has not
been measured. It describes what an observer might perceive, never what a person feels.
A trained artifact replaces it with `analyze --model`.

Known weak points: a crying grimace raises the smile score of the blendshape net and can be
read as Happiness; AU06 is hard to tell from a strong AU12; the brows of a person whose
calm face was not yet seen are read against the population's. AU15, AU23 and the class
Other are not predicted and stay empty.
"""


def card() -> str:
    """Return the card as Markdown."""
    units = "\n".join(
        f"| {rule.label} | {_sum(rule.inputs)} | {rule.center:g} | {rule.slope:g} | "
        f"{rule.reason} |"
        for rule in UNITS
    )
    expressions = "\n".join(
        f"| {rule.label} | {_sum(rule.units) or 'logit 0'} | {rule.valence:+.2f} | "
        f"{rule.arousal:+.2f} |"
        for rule in EXPRESSIONS
    )
    return f"""{HEAD}
## Action units

Probability = sigmoid(slope x (evidence - center)); present from {THRESHOLD:g}. `change` is
against the person's neutral, `now` is as measured; mean of both sides.

| unit | evidence | center | slope | what is seen |
|---|---|---|---|---|
{units}

What moves under which unit: {FACS}.

## Expressions, valence and arousal

Logit = {STEEPNESS:g} x (sum of unit probabilities - {CENTER:g}), then a softmax; valence
and arousal are the mean of the positions below, weighted with those probabilities.

| class | evidence | valence | arousal |
|---|---|---|---|
{expressions}

Prototypes: {DU}; only of units that are predicted. Positions: {CIRCUMPLEX}.
"""


def _sum(weights: dict[str, float]) -> str:
    return " ".join(f"{weight:+g} {name}" for name, weight in weights.items())
