"""Recipes are compared from Python."""

from dataclasses import replace

import pytest

import wildaffect
from wildaffect.core.errors import UsageError
from wildaffect.training.core.recipe import BestOnDevSplit

FRAME = replace(
    wildaffect.find_recipe("modern-frame"),
    num_epochs=1,
    selection=BestOnDevSplit(share=0.5),
)
BY_ITSELF = replace(FRAME, name="other", input_noise=0.1)


def test_two_recipes_are_compared_over_seeds_and_resumed(tiny_data, tmp_path, capsys):
    epochs, notes = [], []
    options = {"output": str(tmp_path), "num_seeds": 1, "reference": "other"}
    result = wildaffect.compare(
        [FRAME, BY_ITSELF],
        str(tiny_data),
        **options,
        on_epoch_end=lambda run, epoch: epochs.append(run.folder.name),
        on_note=notes.append,
    )
    assert epochs == ["modern-frame-0", "other-0"]
    assert notes == []
    assert {line.name for line in result.lines} == {
        "modern-frame",
        "other",
        "ensemble of all",
    }
    raw = next(line for line in result.lines if line.name == "modern-frame")
    assert raw.against == "other, raw"
    assert (tmp_path / "comparison.md").read_text() == result.markdown
    assert {"comparison.json", "comparison.svg"} <= {p.name for p in tmp_path.iterdir()}
    assert repr(result).startswith(f"ComparisonResult({tmp_path}: 9 lines, best ")
    again = wildaffect.compare([FRAME, BY_ITSELF], tiny_data, **options)
    assert again.markdown == result.markdown
    assert len(epochs) == 2
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize(
    ("recipes", "options", "message"),
    [
        ([], {}, "^recipes: must be at least one, got none"),
        (
            [FRAME],
            {"reference": "gru"},
            "^reference: must be one of modern-frame, got",
        ),
        ([FRAME], {"num_seeds": 0}, "^seeds: must be at least 1, got 0"),
        (
            [FRAME, replace(FRAME, input_noise=0.1)],
            {},
            "^recipes: names must be distinct, got modern-frame twice; rename one with",
        ),
        (["modern-frame", FRAME], {}, "^recipes: names must be distinct, got modern-f"),
        ([FRAME, "modern-va"], {}, "^recipes: must predict the same tasks, got 2 sets"),
        (["modern-fram"], {}, "did you mean modern-frame"),
    ],
)
def test_wrong_input_is_named_by_its_argument(recipes, options, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        wildaffect.compare(recipes, tmp_path, output=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
