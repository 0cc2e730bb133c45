from dataclasses import replace

import pytest

from wildaffect.recipes.images import finetune_vit_micro
from wildaffect.workflows.image_notes import note_precision
from wildaffect.workflows.notes import Notes


@pytest.mark.parametrize(
    ("precision", "device", "has_bf16", "is_noted"),
    [
        ("bf16-mixed", "cpu", False, True),
        ("bf16-mixed", "cpu", True, False),
        ("bf16-mixed", "cuda", False, False),
        ("32-true", "cpu", False, False),
    ],
)
def test_bfloat16_on_a_processor_without_it_is_noted(precision, device, has_bf16, is_noted):
    notes = Notes(lambda note: None)
    recipe = replace(finetune_vit_micro(), precision=precision)
    note_precision(recipe, device, notes, has_bf16=lambda _: has_bf16)
    assert ["precision 32-true is" in note for note in notes.texts] == [True] * is_noted
