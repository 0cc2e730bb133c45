"""Backbones are trained on labeled crops, and pre-trained without labels, from Python."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.core.errors import MissingData, UsageError
from wildaffect.recipes.images import finetune_iresnet_small, finetune_vit_micro, mae_micro
from wildaffect.workflows.image_notes import note_precision
from wildaffect.workflows.notes import Notes

SMALL = replace(finetune_iresnet_small(), num_epochs=1, batch_size=8)
MAE = replace(mae_micro(), num_epochs=1, batch_size=8)
NUM_PEOPLE, NUM_EACH = 6, 4


@pytest.fixture(scope="module")
def labeled(tmp_path_factory):
    """Crops of noise with labels, of four people to train on and two to score."""
    root = tmp_path_factory.mktemp("labeled") / "set"
    rng = np.random.default_rng(0)
    lines = ["image,video,frame,split,valence,arousal,expression"]
    for person in range(NUM_PEOPLE):
        (root / f"p{person}").mkdir(parents=True)
        for frame in range(1, NUM_EACH + 1):
            name = f"p{person}/{frame:05d}.png"
            cv2.imwrite(str(root / name), rng.integers(0, 255, (64, 64, 3), np.uint8))
            split = "val" if person >= 4 else "train"
            kind = ("Neutral", "Happiness")[frame % 2]
            lines.append(f"{name},p{person},{frame},{split},{frame / 9:.2f},0.1,{kind}")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    return root


def test_a_backbone_is_trained_and_scored_with_callbacks(labeled, tmp_path, capsys):
    epochs, steps, scored, notes = [], [], [], []

    def on_evaluate(num_crops):
        scored.append(num_crops)
        return lambda num: None

    options = {"output": str(tmp_path / "run"), "on_note": notes.append}
    result = wildaffect.finetune(
        SMALL,
        str(labeled),
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
    again = wildaffect.finetune(SMALL, labeled, **options, score_split=None)
    assert again.scores == ()
    assert repr(again).endswith("not scored)")
    assert len(epochs) == 1
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_an_autoencoder_is_trained_and_probed(labeled, tmp_path, capsys):
    result = wildaffect.pretrain(MAE, labeled, probe=str(labeled), output=tmp_path / "mae")
    assert set(result.probes) == {"linear", "neighbors"}
    assert result.notes[0] == f"{labeled}: 24 images"
    assert repr(result).startswith(f"PretrainResult({tmp_path / 'mae'}: {MAE.name}, loss ")
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    vit = replace(finetune_vit_micro(), num_epochs=1, batch_size=8)
    tuned = wildaffect.finetune(
        vit,
        [labeled],
        weights=tmp_path / "mae",
        output=tmp_path / "tuned",
        score_split=None,
    )
    assert tuned.trained.data.start.endswith(".mae")


def test_wrong_input_is_named_by_its_argument(labeled, tmp_path):
    with pytest.raises(
        UsageError, match=r"^images: must be given once per set \(2\), got 1"
    ):
        wildaffect.finetune(SMALL, [labeled, labeled], images=labeled)
    with pytest.raises(
        UsageError, match=r"^layouts: must be given once per set \(1\), got 2"
    ):
        wildaffect.finetune(SMALL, labeled, layouts=["manifest", "manifest"])
    with pytest.raises(UsageError, match=r"^data: must be at least one folder"):
        wildaffect.finetune(SMALL, [])
    with pytest.raises(UsageError, match=r"^images: must be at least one folder"):
        wildaffect.pretrain(MAE, [])
    with pytest.raises(UsageError, match="did you mean finetune-iresnet-small"):
        wildaffect.finetune("finetune-iresnet-smal", labeled)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingData, match="empty: no images found"):
        wildaffect.pretrain(MAE, tmp_path / "empty")


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
