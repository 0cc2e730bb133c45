"""Backbones are trained on labeled crops from Python."""

from dataclasses import replace

import pytest

import wildaffect
from wildaffect.core.errors import UsageError
from wildaffect.recipes.images import finetune_iresnet_small

SMALL = replace(finetune_iresnet_small(), num_epochs=1, batch_size=8)


def test_a_backbone_is_trained_and_scored_with_callbacks(labeled_crops, tmp_path, capsys):
    epochs, steps, scored, notes = [], [], [], []

    def on_evaluate(num_crops):
        scored.append(num_crops)
        return lambda num: None

    options = {"output": str(tmp_path / "run"), "on_note": notes.append}
    result = wildaffect.finetune(
        SMALL,
        str(labeled_crops),
        **options,
        on_epoch_end=lambda run, epoch: epochs.append((run.folder.name, epoch.number)),
        on_step_end=lambda run, step, num_steps, loss: steps.append((step, num_steps)),
        on_evaluate=on_evaluate,
    )
    assert epochs == [("run", 1)]
    assert steps == [(step, len(steps)) for step in range(1, len(steps) + 1)]
    assert scored == [4, 8]  # a person of the dev split, and the scored split
    assert notes == list(result.notes)
    assert notes[0].endswith(": 16 labeled crops of 4 videos")
    assert result.scored_on == "8 crops, val"
    assert [line.name for line in result.scores] == ["single crops"]
    assert (tmp_path / "run" / "scores-val.json").is_file()
    assert repr(result).startswith(
        f"FinetuneResult({tmp_path / 'run'}: {SMALL.name}, score"
    )
    again = wildaffect.finetune(SMALL, labeled_crops, **options, score_split=None)
    assert again.scores == ()
    assert again.notes[-1] == f"{tmp_path / 'run'}: already trained, training is skipped"
    assert repr(again).endswith("not scored)")
    assert len(epochs) == 1
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_wrong_input_is_named_by_its_argument(labeled_crops):
    with pytest.raises(
        UsageError, match=r"^images: must be given once per set \(2\), got 1"
    ):
        wildaffect.finetune(SMALL, [labeled_crops, labeled_crops], images=labeled_crops)
    with pytest.raises(
        UsageError, match=r"^layouts: must be given once per set \(1\), got 2"
    ):
        wildaffect.finetune(SMALL, labeled_crops, layouts=["manifest", "manifest"])
    with pytest.raises(UsageError, match=r"^data: must be at least one folder"):
        wildaffect.finetune(SMALL, [])
    with pytest.raises(UsageError, match="did you mean finetune-iresnet-small"):
        wildaffect.finetune("finetune-iresnet-smal", labeled_crops)


def test_a_rating_is_trained_and_scored_from_crops_that_are_mixed(labeled_crops, tmp_path):
    head, *lines = (labeled_crops / "manifest.csv").read_text().splitlines()
    own = [f"{head},pain[0..10]", *(f"{line},{row % 11}" for row, line in enumerate(lines))]
    (tmp_path / "manifest.csv").write_text("\n".join(own) + "\n")
    recipe = replace(SMALL, mixup_alpha=0.4)
    result = wildaffect.finetune(
        recipe, tmp_path, images=[labeled_crops], output=tmp_path / "run"
    )
    (line,) = result.scores
    assert -1 <= line.scores["dimensions"] <= 1
