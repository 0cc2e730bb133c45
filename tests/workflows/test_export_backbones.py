"""From pictures to an artifact that carries its backbones, and analysis without torch."""

import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from pyarrow import csv

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import ABAW_TASKS
from wildaffect.demo.clip import write_demo_clip
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.inference.artifact import load_artifact
from wildaffect.models.backbones.manifest import WeightManifest
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.backbones.weights import keep_weights
from wildaffect.recipes.systems import SYSTEMS
from wildaffect.workflows.export_model import export_model
from wildaffect.workflows.system_options import SystemOptions
from wildaffect.workflows.systems import train_system

SETS = {"face": "iresnet_micro_64.arcface", "vit": "vit_micro_patch8_64.mae_mean"}
HEADER = "image,valence,arousal,expression,aus"
NUM_VIDEOS = {"training": 4, "validation": 2}
NUM_ROWS, STEP = 24, 3
HIDE = """
import sys
from importlib.abc import MetaPathFinder

class Hidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "onnx", "timm", "lightning_fabric"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
from wildaffect.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def write_weights(folder, network, seed=0):
    """Lay random weights out as a finished run does."""
    torch.manual_seed(seed)
    spec = backbone_spec(network)
    manifest = WeightManifest(
        name=f"tiny.{folder.name}",
        network=network,
        feature_dim=spec.feature_dim,
        preprocess=spec.preprocess,
        sha256="",
        source_file="weights.safetensors",
        source_sha256="0" * 64,
        source="a test",
        license="CC0-1.0",
    )
    keep_weights(folder / "backbone", manifest, spec.build().state_dict())


def write_video(root, name, lines, seed):
    """Crops of the portrait whose light wavers, and labels that follow the light."""
    path = wildaffect.__path__[0] + "/demo/astronaut.jpg"
    image = cv2.imread(path)[60:172, 170:282]
    rng = np.random.default_rng(seed)
    for row in range(NUM_ROWS):
        level = float(np.sin(row / 5 + seed))
        name_of = f"{name}/{row * STEP + 1:05d}.jpg"
        target = root / "cropped_aligned" / name_of
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), (image * (0.8 + 0.2 * level)).astype(np.uint8))
        units = (rng.random(12) < 0.5).astype(int)
        cells = [f"{0.8 * level:.3f}", f"{-0.5 * level:.3f}", row % 8, *units]
        lines.append(f"{name_of},{','.join(map(str, cells))}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures, two backbones, their features; runs `a` and `b` read different ones."""
    root = tmp_path_factory.mktemp("pixels")
    torch.set_num_threads(1)
    for split, num in NUM_VIDEOS.items():
        lines = [HEADER]
        for index in range(num):
            write_video(root / "data", f"{split[0]}{index}", lines, seed=index)
        text = "\n".join(lines) + "\n"
        (root / "data" / f"{split}_set_annotations.txt").write_text(text)
    for name, network in SETS.items():
        write_weights(root / name, network)
    sets = [str(root / name) for name in SETS]
    words = ["extract", str(root / "data" / "cropped_aligned"), "--quiet", "-o"]
    store = str(root / "store")
    assert (
        main([*words, store, "--feature-sets", "geometry", *sets, "--precision", "f32"])
        == 0
    )
    for name, inputs in (("a", ("vit", "geometry", "pose")), ("b", ("face", "vit"))):
        words = ["train", "modern-gru", "--data", str(root / "data"), "--features", store]
        words += ["--num-epochs", "1", "--model.encoder.hidden-dim", "8"]
        words += ["--selection.share", "0.5", "--inputs", *inputs]
        assert main([*words, "-o", str(root / name)]) == 0
    words = ["ensemble", str(root / "a"), str(root / "b"), "--data", str(root / "data")]
    assert main([*words, "--features", store, "-o", str(root / "both")]) == 0
    return root


@pytest.fixture(scope="module")
def artifact(folder):
    """The ensemble of both, exported."""
    output = folder / "both.zip"
    given = [f"{name}={folder / name}" for name in SETS]
    words = ["export", str(folder / "both"), "-o", str(output), "--backbone", *given]
    assert main(words) == 0
    return output


@pytest.mark.slow
@pytest.mark.e2e
def test_the_artifact_holds_what_members_read_and_where_it_is_from(artifact, folder):
    manifest = load_artifact(artifact).manifest
    assert {model_input.key for model_input in manifest.inputs} == {
        "vit",
        "geometry",
        "pose",
        "face",
    }
    assert [member.inputs for member in manifest.members] == [
        ("vit", "geometry", "pose"),
        ("face", "vit"),
    ]
    assert manifest.tasks == ABAW_TASKS
    for name in SETS:
        (wanted,) = [
            model_input for model_input in manifest.inputs if model_input.key == name
        ]
        stored = FeatureStore(folder / "store").sidecar(EntryName(name, "t0", "0"))
        assert wanted.weights_sha256 == stored.provenance.weights_sha256
        assert wanted.preprocess.digest() == stored.provenance.preprocess_sha256


@pytest.mark.slow
@pytest.mark.e2e
def test_it_analyses_a_video_where_torch_is_not_installed(artifact, tmp_path):
    write_demo_clip(tmp_path / "clip.mp4")
    words = ["analyze", str(tmp_path / "clip.mp4"), "--model", str(artifact), "--stop", "1"]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(HIDE), *words, "-o", str(tmp_path / "out")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    table = csv.read_csv(tmp_path / "out" / "clip.csv")
    assert len(table) == 25
    for name in ("valence", "valence_sd", "p_fear", "AU12"):
        assert np.isfinite(np.asarray(table[name])).all()


@pytest.mark.slow
@pytest.mark.e2e
def test_analysis_gives_the_rows_that_extraction_stored(artifact, folder, tmp_path):
    words = ["extract", "--quiet", "--dtype", "float32", "--precision", "f32"]
    write_demo_clip(tmp_path / "clip.mp4")
    sets = ["geometry", *(str(folder / name) for name in SETS)]
    clip = str(tmp_path / "clip.mp4")
    assert main([*words, clip, "-o", str(tmp_path / "store"), "--feature-sets", *sets]) == 0
    words = ["analyze", clip, "--model", str(artifact), "--measurements", "--quiet"]
    assert main([*words, "-o", str(tmp_path / "clip.parquet")]) == 0
    table = wildaffect.read_table(tmp_path / "clip.parquet")
    for name in SETS:
        stored = FeatureStore(tmp_path / "store").open(EntryName(name, "clip", "0"))
        columns = [
            column_name
            for column_name in table.column_names
            if column_name.startswith(f"{name}_0")
        ]
        predicted = np.stack([table[column].to_numpy() for column in columns], axis=1)
        values = stored.read()
        distance = np.linalg.norm(predicted - values, axis=1) / np.linalg.norm(
            values, axis=1
        )
        assert predicted.shape == values.shape
        assert distance.max() < 1e-5


@pytest.mark.slow
def test_what_is_wrong_with_a_backbone_is_reported_before_anything_is_exported(
    folder, tmp_path, capsys
):
    run, output = str(folder / "b"), str(tmp_path / "new")
    assert main(["export", run, "-o", output]) == 2
    assert "input 'face' needs its backbone" in capsys.readouterr().err
    write_weights(tmp_path / "other", SETS["face"], seed=1)
    given = [f"face={tmp_path / 'other'}", f"vit={folder / 'vit'}"]
    assert main(["export", run, "-o", output, "--backbone", *given]) == 2
    assert "weights must be those of the features" in capsys.readouterr().err
    assert main(["export", run, "-o", output, "--backbone", "face=nowhere"]) == 1
    assert "no weights or finished run named 'nowhere'" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_backbone_that_no_member_reads_is_left_out_with_a_note(folder, tmp_path):
    shutil.copytree(folder / "a", tmp_path / "a")
    backbones = {name: str(folder / name) for name in SETS}
    result = export_model(tmp_path / "a", tmp_path / "one", backbones=backbones)
    assert result.notes == ("no member reads face; its backbone is left out",)
    keys = [
        model_input.key for model_input in load_artifact(tmp_path / "one").manifest.inputs
    ]
    assert keys == ["vit", "geometry", "pose"]


@pytest.mark.slow
def test_a_whole_system_carries_its_backbones(folder):
    system = replace(SYSTEMS["abaw4-ensemble"], name="two", members=(("modern-frame", 0),))
    command = SystemOptions(
        system=system,
        data=folder / "data",
        features=folder / "store",
        output=folder / "system",
        inputs=("face", "pose"),
        num_epochs=1,
        backbone=(f"face={folder / 'face'}",),
    )
    assert train_system(command) == folder / "system" / "artifact"
    manifest = load_artifact(folder / "system" / "artifact").manifest
    assert [model_input.key for model_input in manifest.inputs] == ["face", "pose"]


def test_a_system_without_its_backbones_is_refused_before_it_trains(tmp_path):
    command = SystemOptions(
        system=SYSTEMS["abaw4-ensemble"], data=tmp_path, inputs=("face", "pose")
    )
    with pytest.raises(
        UsageError, match=r"inputs that a backbone makes \(face\), got none"
    ):
        train_system(command)
