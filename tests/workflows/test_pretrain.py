"""Autoencoders are trained on crops without labels from Python."""

from dataclasses import replace

import pytest

import wildaffect
from wildaffect.core.errors import MissingData, UsageError
from wildaffect.recipes.images import finetune_vit_micro, mae_micro

MAE = replace(mae_micro(), num_epochs=1, batch_size=8)


def test_an_autoencoder_is_trained_and_probed(labeled_crops, tmp_path, capsys):
    result = wildaffect.pretrain(
        MAE, labeled_crops, probe=str(labeled_crops), output=tmp_path / "mae"
    )
    assert set(result.probes) == {"linear", "neighbors"}
    assert result.notes[0] == f"{labeled_crops}: 24 images"
    assert repr(result).startswith(f"PretrainResult({tmp_path / 'mae'}: {MAE.name}, loss ")
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    vit = replace(finetune_vit_micro(), num_epochs=1, batch_size=8)
    tuned = wildaffect.finetune(
        vit,
        [labeled_crops],
        weights=tmp_path / "mae",
        output=tmp_path / "tuned",
        score_split=None,
    )
    assert tuned.trained.data.start.endswith(".mae")


def test_wrong_input_is_named_by_its_argument(tmp_path):
    with pytest.raises(UsageError, match=r"^images: must be at least one folder"):
        wildaffect.pretrain(MAE, [])
    with pytest.raises(UsageError, match="did you mean mae-micro"):
        wildaffect.pretrain("mae-micr", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingData, match="empty: no images found"):
        wildaffect.pretrain(MAE, tmp_path / "empty")
