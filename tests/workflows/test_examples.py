"""The scripts in `examples/` run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from wildaffect.demo.clip import FPS, PORTRAIT, SIZE, view
from wildaffect.video.write import VideoWriter

pytestmark = pytest.mark.e2e
EXAMPLES = Path(__file__).parents[2] / "examples"
MAX_LINES = 40


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Write a second of a smiling portrait."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    with VideoWriter(path, width=SIZE[0], height=SIZE[1], fps_hint=FPS) as video:
        for index in range(25):
            video.write(view(portrait, index / FPS), index / FPS)
    return path


def output_of(name, *words, cwd):
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_smiles_are_counted_per_person(clip, tmp_path):
    assert output_of("count_smiles.py", clip, cwd=tmp_path) == [
        "person 0: 1 smiles in 25 frames"
    ]


def test_frames_of_opencv_are_streamed(clip, tmp_path):
    lines = output_of("stream_opencv.py", clip, cwd=tmp_path)
    assert len(lines) == 25
    shown = r" +\d\.\d\d s  [+-]\d\.\d\d  Happiness  .*AU12.*"
    assert all(re.fullmatch(shown, line) for line in lines[-5:])


def test_arrays_are_scored(tmp_path):
    lines = output_of("score_arrays.py", cwd=tmp_path)
    assert lines[0].startswith("Valence CCC: 0.9")
    assert lines[-1].endswith("600 rows of 6 videos)")


def test_a_recipe_is_trained_and_evaluated(tiny_data, tmp_path):
    lines = output_of("train_and_evaluate.py", tiny_data, cwd=tmp_path)
    assert lines[0].startswith("TrainResult(runs/mine: modern-frame, score ")
    assert lines[1].startswith("Report(abaw-mtl: overall ")


def test_a_custom_encoder_is_trained_loaded_and_exported(tiny_data, tmp_path):
    trained, loaded, exported = output_of("custom_encoder.py", tiny_data, cwd=tmp_path)
    assert trained.startswith("TrainResult(runs/moving-mean: moving-mean, score ")
    assert "moving-mean" in loaded
    assert exported.startswith("ExportResult(moving-mean: 1 network")
    assert (tmp_path / "moving-mean/artefact.json").is_file()


def test_every_example_is_short_and_uses_the_public_api_alone():
    scripts = sorted(EXAMPLES.glob("*.py"))
    assert len(scripts) >= 4
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= MAX_LINES, script.name
        assert not re.search(r"(from|import) wildaffect\.(?!extending )", text), script.name
