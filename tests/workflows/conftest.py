"""A data set of made-up labels and measurements, small enough to train on in seconds."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.waves import write_measurements

from wildaffect.cli.main import main
from wildaffect.core.tasks import ABAW_ACTION_UNIT_NUMBERS
from wildaffect.features.store import FeatureStore
from wildaffect.recipes.catalog import find_recipe
from wildaffect.workflows.train import train
from wildaffect.workflows.training_setup import TrainResult

HEADER = "image,valence,arousal,expression,aus"
NUM_ROWS = 40
STEP = 3
"""Every third frame is annotated, as in the multi-task set."""
SPLITS = {"training": ("a", 6), "validation": ("v", 4), "test": ("x", 2)}


def write_video(name: str, lines: list[str], store: FeatureStore, seed: int) -> None:
    """Draw labels that follow the measurements of every frame."""
    rng = np.random.default_rng(seed)
    numbers = np.arange(NUM_ROWS * STEP)
    wave = np.sin(numbers / 20 + rng.uniform(0, 6))
    write_measurements(store, name, wave, rng)
    for number in numbers[::STEP].tolist():
        level = float(wave[number])
        units = [int(level > k / 10 - 0.5) for k in range(len(ABAW_ACTION_UNIT_NUMBERS))]
        code = int((level + 1) * 3.99)
        cells = [f"{0.8 * level:.3f}", f"{-0.5 * level:.3f}", code, *units]
        lines.append(f"{name}/{number + 1:05d}.jpg,{','.join(map(str, cells))}")


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotations in the layout of the multi-task set, features beside; never change it."""
    root = tmp_path_factory.mktemp("data")
    store = FeatureStore(root / "features")
    for place, (split, (letter, num_videos)) in enumerate(SPLITS.items()):
        lines: list[str] = [HEADER]
        for index in range(num_videos):
            write_video(f"{letter}{index}", lines, store, seed=10 * place + index)
        text = "\n".join(lines) + "\n"
        (root / f"{split}_set_annotations.txt").write_text(text)
    listed = [line.split(",")[0] + "," for line in lines[1:]]
    text = "\n".join([HEADER, *listed]) + "\n"
    (root / "MTL_Challenge_test_set_release.txt").write_text(text)
    return root


@pytest.fixture(scope="session")
def scales_run(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    """A run of all tasks on labels of valence and arousal alone; never change it."""
    root = tmp_path_factory.mktemp("scales")
    for split, folder in (("training", "Train_Set"), ("validation", "Validation_Set")):
        target = root / "VA_Estimation_Challenge" / folder
        target.mkdir(parents=True)
        letter, num_videos = SPLITS[split]
        for index in range(num_videos):
            wave = np.sin(np.arange(NUM_ROWS * STEP) / 20 + index)
            rows = [f"{0.8 * level:.3f},{-0.5 * level:.3f}" for level in wave.tolist()]
            text = "\n".join(["valence,arousal", *rows]) + "\n"
            (target / f"{letter}{index}.txt").write_text(text)
    recipe = replace(find_recipe("modern-frame"), num_epochs=1)
    features = tiny_data / "features"
    return train(recipe, root, features=features, output=root / "run")


@pytest.fixture(scope="session")
def trained(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs `a` and `b`, trained for an epoch and scored on `val`; never change them."""
    folder = tmp_path_factory.mktemp("runs")
    for name, seed in (("a", 0), ("b", 1)):
        words = ["train", "modern-frame", "--data", str(tiny_data), "--num-epochs", "1"]
        words += ["--selection.share", "0.5", "--seed", str(seed)]  # 3 people calibrate
        assert main([*words, "-o", str(folder / name)]) == 0
    return folder


@pytest.fixture(scope="session")
def labeled_crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crops of noise with labels, of four people to train on and two to score."""
    root = tmp_path_factory.mktemp("labeled") / "set"
    rng = np.random.default_rng(0)
    lines = ["image,video,frame,split,valence,arousal,expression"]
    for person in range(6):
        (root / f"p{person}").mkdir(parents=True)
        for frame in range(1, 5):
            name = f"p{person}/{frame:05d}.png"
            cv2.imwrite(str(root / name), rng.integers(0, 255, (64, 64, 3), np.uint8))
            split = "val" if person >= 4 else "train"
            kind = ("Neutral", "Happiness")[frame % 2]
            lines.append(f"{name},p{person},{frame},{split},{frame / 9:.2f},0.1,{kind}")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    return root
