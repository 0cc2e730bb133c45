from dataclasses import replace

import pytest
from rich.console import Console

from wildaffect.recipes.images import finetune_vit_micro
from wildaffect.workflows import finetune
from wildaffect.workflows.finetune import warn_about_precision


@pytest.mark.parametrize(
    ("precision", "device", "has_bf16", "is_told"),
    [
        ("bf16-mixed", "cpu", False, True),
        ("bf16-mixed", "cpu", True, False),
        ("bf16-mixed", "cuda", False, False),
        ("32-true", "cpu", False, False),
    ],
)
def test_bfloat16_on_a_processor_without_it_is_reported(
    monkeypatch, capsys, precision, device, has_bf16, is_told
):
    monkeypatch.setattr(finetune, "supports_bf16", lambda name: has_bf16)
    recipe = replace(finetune_vit_micro(), precision=precision)
    warn_about_precision(recipe, device, Console())
    assert ("--precision 32-true is" in capsys.readouterr().out) == is_told
