"""Weights of a video backbone, from their file to predictions, as a user goes."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.errors import UsageError
from wildaffect.demo.clip import write_demo_clip
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.models.backbones.registry import build_backbone
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.images.start import start_from

NETWORK = "videomae_micro_patch8_64.mae_mean"
SET = "videomae_micro_patch8_64.mine"
HEADER = "image,valence,arousal,expression,aus"
NUM_FRAMES = 120


@pytest.fixture(scope="module", autouse=True)
def weights(tmp_path_factory):
    """Random weights in the user's folder, imported as a user does."""
    root = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    torch.save({"module": build_backbone(NETWORK).state_dict()}, root / "theirs.pth")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(root / "home"))
        words = ["weights", "import", str(root / "theirs.pth"), "--as", NETWORK]
        assert main([*words, "--tag", "mine"]) == 0
        yield root


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Annotations of six videos, and their aligned crops as folders of images."""
    root = tmp_path_factory.mktemp("data")
    for split, letter, num_videos in (("training", "a", 4), ("validation", "v", 2)):
        lines = [HEADER]
        for index in range(num_videos):
            folder = root / "crops" / f"{letter}{index}"
            folder.mkdir(parents=True)
            rng = np.random.default_rng(index)
            for number in range(1, NUM_FRAMES + 1):
                level = np.sin(number / 30 + index)
                pixels = rng.normal(128 + 60 * level, 10, (64, 64, 3)).clip(0, 255)
                name = f"{number:05d}.jpg"
                cv2.imwrite(str(folder / name), pixels.astype(np.uint8))
                if number % 4 == 1:
                    cells = [f"{0.8 * level:.3f}", f"{-0.5 * level:.3f}", "0", *"0" * 12]
                    lines.append(f"{folder.name}/{name},{','.join(cells)}")
        (root / f"{split}_set_annotations.txt").write_text("\n".join(lines) + "\n")
    words = ["extract", str(root / "crops"), "--images-as", "aligned", "--quiet"]
    words += ["--feature-sets", SET, "-o", str(root / "features")]
    assert main(words) == 0
    return root


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    base = wildaffect.find_recipe("modern-frame")
    recipe = replace(base, name="video", inputs=(SET,), num_epochs=1, selection=KeepLast())
    output = tmp_path_factory.mktemp("runs") / "run"
    return wildaffect.train(recipe, data, output=output)


@pytest.mark.slow
def test_a_video_gives_a_row_per_clip_with_its_frame_and_time(tmp_path, capsys):
    write_demo_clip(tmp_path / "clip.mp4")  # 6 s at 25 frames/s
    store = FeatureStore(tmp_path / "store")
    words = ["extract", str(tmp_path / "clip.mp4"), "--feature-sets", SET, "geometry"]
    assert main([*words, "-o", str(store.root), "--quiet"]) == 0
    assert "150 faces, 0 frames without a face, 9 clips, 0 app" in capsys.readouterr().out
    (name,) = store.entries(SET)
    stored = store.open(name)
    assert stored.sidecar.numbering == "video"
    assert stored.sidecar.clips.num_frames == 16
    # clips of 16 crops every 4/30 s, from 0 s on, a new one every 16/30 s; the last one
    # ends with the video
    middles_s = [(8 + 4 * index) * 4 / 30 for index in range(8)]
    np.testing.assert_allclose(stored.time_s[:8], middles_s, atol=0.04)
    assert stored.time_s[8] == pytest.approx((44 - 7) * 4 / 30, abs=0.04)
    np.testing.assert_array_equal(stored.frame_number, np.round(stored.time_s * 25))
    assert len(store.open(EntryName("geometry", "clip", name.track))) == 150


def test_what_is_stored_is_not_computed_again_and_another_sampling_is_refused(data, capsys):
    words = ["extract", str(data / "crops"), "--images-as", "aligned", "--quiet"]
    words += ["--feature-sets", SET, "-o", str(data / "features")]
    assert main(words) == 0
    assert "6 finished before" in capsys.readouterr().out
    assert main([*words, "--clip-stride", "16"]) == 1
    error = capsys.readouterr().err
    assert f"{SET} of a0: stride must be 16, got 4; use --overwrite" in error


def test_every_annotated_frame_has_the_clip_that_it_is_in(run):
    coverage = json.loads((run.folder / "data.json").read_text())["coverage"]
    assert coverage["num_rows"] == 120
    assert coverage["num_lost"] == 0


def test_a_run_on_clips_predicts(run, data, tmp_path):
    wildaffect.predict(run.folder, tmp_path, data=data, split="val")
    table = (tmp_path / "v0.csv").read_text().splitlines()
    assert len(table) == 31


def test_analysis_takes_no_video_backbone(run, tmp_path):
    with pytest.raises(UsageError, match="it reads clips of 16 frames, and analysis"):
        wildaffect.export_model(run.folder, tmp_path / "model", backbones={SET: SET})


def test_images_are_not_trained_with_a_video_backbone():
    with pytest.raises(UsageError, match=f"^network: {NETWORK} reads clips"):
        start_from(NETWORK, None)


def test_settings_of_clips_are_for_video_backbones(data, tmp_path, capsys):
    words = ["extract", str(data / "crops"), "-o", str(tmp_path), "--clip-row-at", "end"]
    assert main(words) == 2
    message = "are for video backbones, got none among geometry; leave them out"
    assert message in capsys.readouterr().err
