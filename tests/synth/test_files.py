"""Worlds on disk, read back by the readers of the real set."""

import hashlib
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from wildaffect.cli.main import main
from wildaffect.core.errors import OutputError
from wildaffect.formats.affwild2_au import read_au
from wildaffect.formats.affwild2_expr import read_expr
from wildaffect.formats.affwild2_mtl import read_mtl
from wildaffect.formats.affwild2_va import read_va
from wildaffect.synth.dataset import write_world
from wildaffect.synth.plan import annotations_of, plan_world
from wildaffect.synth.presets import PRESETS, Preset
from wildaffect.synth.scene_files import write_scenes

SMALL = replace(
    PRESETS["tiny"], people={"train": 2, "val": 1, "test": 1}, videos_per_person=1,
    rows_per_video=6,
)  # fmt: skip


def write(folder: Path, preset: Preset = SMALL, seed: int = 0) -> list[int]:
    states = write_world(
        folder, preset, seed=seed, statistics="wild", size_px=32, workers=1
    )
    return [state.num_images for state in states]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "w"
    assert write(folder)[-1] == 24
    return folder


def test_the_readers_give_back_exactly_what_annotators_wrote(world):
    videos = plan_world(SMALL, seed=0, statistics="wild", size_px=32)
    train = [video for video in videos if video.split == "train"]
    want = annotations_of(train, source="test", with_repeats=True)
    got = read_mtl(world / "training_set_annotations.txt")
    assert not got.problems
    a = got.annotations
    assert a.images == want.images
    np.testing.assert_array_equal(a.valence.valid, want.valence.valid)
    np.testing.assert_array_equal(a.expression.valid, want.expression.valid)
    np.testing.assert_array_equal(a.action_units.valid, want.action_units.valid)
    np.testing.assert_array_equal(
        a.valence.values[a.valence.valid], want.valence.values[want.valence.valid]
    )
    np.testing.assert_array_equal(
        a.expression.values[a.expression.valid],
        want.expression.values[want.expression.valid],
    )
    np.testing.assert_array_equal(
        a.action_units.values[a.action_units.valid],
        want.action_units.values[want.action_units.valid],
    )


def test_the_single_track_readers_find_nothing_wrong(world):
    for folder, read in (
        ("VA_Estimation_Challenge", read_va),
        ("EXPR_Recognition_Challenge", read_expr),
        ("AU_Detection_Challenge", read_au),
    ):
        for split in ("Train_Set", "Validation_Set", "Test_Set"):
            reading = read(world / folder / split)
            assert not reading.problems


def test_every_annotated_frame_has_its_image_and_its_exact_truth(world):
    exact = np.load(world / "exact.npz")
    images = 0
    for name in ("training", "validation", "test"):
        reading = read_mtl(world / f"{name}_set_annotations.txt")
        for image in set(reading.annotations.images):
            assert cv2.imread(str(world / "cropped_aligned" / image)).shape == (32, 32, 3)
            images += 1
    assert images == len(exact["frame_number"]) == 24
    assert exact["intensities"].shape == (24, 22)
    assert exact["landmarks_xy"].shape == (24, 28, 2)


def test_a_world_follows_from_its_seed_and_resumes(world, tmp_path):
    states = write_world(tmp_path, SMALL, seed=0, statistics="wild", size_px=32, workers=1)
    for _ in range(3):
        next(states)
    states.close()
    assert not (tmp_path / "exact.npz").exists()
    drawn_before_and_after = write(tmp_path)
    assert drawn_before_and_after[0] == 0
    assert 0 < drawn_before_and_after[-1] < 24
    assert digests(tmp_path) == digests(world)


def test_a_finished_world_is_not_drawn_again(world):
    before = digests(world)
    assert write(world) == [0]
    assert digests(world) == before


def test_another_world_or_foreign_files_are_not_overwritten(world, tmp_path):
    with pytest.raises(OutputError, match="another provenance"):
        write(world, seed=1)
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="other files"):
        write(tmp_path)


def test_the_command_refuses_what_makes_no_sense(tmp_path, capsys):
    assert main(["synth", "make", "tiny", "-o", str(tmp_path / "a"), "--size", "8"]) == 2
    assert "32 to 512" in capsys.readouterr().err
    assert main(["synth", "make", "tiny", "-o", str(tmp_path / "a"), "--seed", "-1"]) == 2
    assert "0 or more" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


@pytest.mark.e2e
def test_the_command_makes_a_world(tmp_path, capsys):
    folder = tmp_path / "tiny"
    assert main(["synth", "make", "tiny", "-o", str(folder), "--size", "32"]) == 0
    assert "480 images drawn" in capsys.readouterr().out
    assert (folder / "provenance.json").exists()


def test_scenes_come_with_a_row_per_frame_and_person(tmp_path):
    preset = replace(PRESETS["scenes"], people={"test": 1}, rows_per_video=8)
    *_, last = write_scenes(
        tmp_path, preset, seed=3, statistics="balanced", size_px=90, workers=1
    )
    assert last.num_images == 8
    truth = np.load(tmp_path / "truth" / "scene0000.npz")
    lines = (tmp_path / "truth" / "scene0000.csv").read_text().splitlines()
    empty = 8 - len(np.unique(truth["frame"]))
    assert len(lines) == 1 + len(truth["frame"]) + empty
    with av.open(str(tmp_path / "videos" / "scene0000.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 8
    (again,) = write_scenes(
        tmp_path, preset, seed=3, statistics="balanced", size_px=90, workers=1
    )
    assert again.num_images == 0
