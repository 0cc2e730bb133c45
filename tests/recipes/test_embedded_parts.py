"""Prototypes of the embedded models: every class is predicted from each of its forms."""

import pytest
import torch

from wildaffect.recipes.embedded_parts import (
    OTHER_FORMS,
    READ_BY_PROTOTYPES,
    UNITS,
    prototypes,
)
from wildaffect.synth.prototypes import EXPRESSIONS, VARIANTS

FORMS = [
    (name, place, form)
    for name in EXPRESSIONS
    for place, form in enumerate(OTHER_FORMS if name == "Other" else VARIANTS[name])
]


def probs(intensities, known):
    row = [intensities.get(number, 0.0) for number in READ_BY_PROTOTYPES]
    return prototypes()(torch.tensor([row]), torch.tensor([[known]])).softmax(1)[0]


CASES = [
    pytest.param(name, form, known, id=f"{name}-{place}-{known}")
    for name, place, form in FORMS
    for known in (0.0, 0.5, 1.0)
]


@pytest.mark.parametrize(("name", "form", "known"), CASES)
def test_each_class_shown_its_own_prototype_is_the_answer(name, form, known):
    shown = {number: 1.0 for number, chance in form.items() if chance >= 0.5}
    predicted = probs(shown, known)
    assert EXPRESSIONS[int(predicted.argmax())] == name


@pytest.mark.parametrize("known", [0.0, 0.5, 1.0])
def test_more_of_a_smile_is_never_less_happiness(known):
    predicted = [probs({12: level / 20}, known) for level in range(21)]
    happiness = [float(outputs[EXPRESSIONS.index("Happiness")]) for outputs in predicted]
    assert happiness == sorted(happiness)
    assert EXPRESSIONS[int(predicted[0].argmax())] == "Neutral"
    assert EXPRESSIONS[int(predicted[-1].argmax())] == "Happiness"


def test_what_prototypes_read_is_given_as_action_units():
    assert set(READ_BY_PROTOTYPES) <= set(UNITS)


def test_every_expression_has_forms_whose_chances_are_chances():
    assert set(VARIANTS) == set(EXPRESSIONS)
    for forms in VARIANTS.values():
        assert forms
        assert all(0 < chance <= 1 for form in forms for chance in form.values())
