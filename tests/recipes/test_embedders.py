import json
from importlib.resources import files

import cv2
import numpy as np
import pytest
import torch

from wildaffect.cli.main import main
from wildaffect.core.errors import BadArtifact, UsageError
from wildaffect.export.backbone import backbone_error, backbone_to_onnx, check_error
from wildaffect.features.embedding import NETWORK_BATCH, Embedder
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.models.backbones.manifest import WeightManifest
from wildaffect.models.backbones.registry import backbone_spec, build_backbone
from wildaffect.models.backbones.weights import keep_weights
from wildaffect.recipes.embedders import backbone_sets, torch_embed
from wildaffect.runtime.network import Device, supports_bf16

NETWORK = "iresnet_micro_64.arcface"
PREPROCESS = backbone_spec(NETWORK).preprocess


@pytest.fixture(scope="module", autouse=True)
def one_torch_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    return build_backbone(NETWORK).eval()


@pytest.fixture(scope="module")
def onnx(backbone):
    """Exported while it trains, which must leave it training."""
    backbone.train()
    exported = backbone_to_onnx(backbone)
    assert backbone.training
    backbone.eval()
    return exported


@pytest.fixture(scope="module")
def run_folder(backbone, onnx, tmp_path_factory):
    """What a run leaves that was named `mine`, exported before."""
    folder = write_run(backbone, tmp_path_factory.mktemp("runs") / "mine")
    sha256 = json.loads((folder / "backbone" / "weights.json").read_text())["sha256"]
    (folder / "backbone" / f"{sha256[:16]}.onnx").write_bytes(onnx)
    return folder


def write_run(backbone, folder):
    spec = backbone_spec(NETWORK)
    manifest = WeightManifest(
        name="iresnet_micro_64.mine",
        network=NETWORK,
        feature_dim=spec.feature_dim,
        preprocess=spec.preprocess,
        sha256="",
        source_file="weights.safetensors",
        source_sha256="0" * 64,
        source="a test",
        license="",
    )
    keep_weights(folder / "backbone", manifest, backbone.state_dict())
    return folder


@pytest.fixture
def crops_tree(tmp_path):
    path = files("wildaffect.demo").joinpath("astronaut.jpg")
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    image = cv2.resize(image, (512, 512), interpolation=cv2.INTER_AREA)
    target = tmp_path / "cropped_aligned" / "one" / "00001.jpg"
    target.parent.mkdir(parents=True)
    cv2.imwrite(str(target), cv2.resize(image[60:172, 170:282], (112, 112)))
    return target.parent.parent


class Face:
    def __init__(self, crop):
        self.crops = (crop,)


def crops_of(num):
    rng = np.random.default_rng(0)
    return list(rng.integers(0, 256, (num, 64, 64, 3), dtype=np.uint8))


def error_of(backbone, onnx):
    embed = Embedder(onnx, PREPROCESS, Device()).embed
    return backbone_error(backbone, embed, PREPROCESS)


def test_the_runtime_gives_the_features_of_torch(backbone, onnx):
    assert error_of(backbone, onnx) < 1e-4


def test_a_file_of_another_network_is_refused(onnx):
    torch.manual_seed(1)
    other = build_backbone(NETWORK)
    with pytest.raises(BadArtifact, match="exported IResNet must be within"):
        check_error(error_of(other, onnx), other, Device())


def test_exporting_and_comparing_leave_the_mode_of_the_network(backbone, onnx):
    backbone.train()  # exporting: see the fixture
    error_of(backbone, onnx)
    assert backbone.training
    backbone.eval()


def test_features_of_a_face_do_not_depend_on_how_many_others_there_are(onnx):
    crops = crops_of(2 * NETWORK_BATCH + 3)
    embed = Embedder(onnx, PREPROCESS, Device()).embed
    together = embed(crops)
    assert together.shape == (len(crops), 256)
    alone = np.concatenate([embed([crop]) for crop in crops])
    np.testing.assert_array_equal(together, alone)


def test_torch_and_the_runtime_embed_alike(run_folder, onnx):
    faces = [Face(crop) for crop in crops_of(3)]
    in_torch = torch_embed(str(run_folder), "cpu")(faces)
    in_runtime = Embedder(onnx, PREPROCESS, Device())(faces)
    error = np.linalg.norm(in_torch - in_runtime) / np.linalg.norm(in_runtime)
    assert error < 0.05  # bfloat16 on the way


def test_a_set_is_keyed_by_weights_and_crop_and_named_after_the_run(run_folder):
    (made,) = backbone_sets([str(run_folder)], Device(), precision="f32", on_cuda=False)
    manifest = json.loads((run_folder / "backbone" / "weights.json").read_text())
    assert made.name == "mine"
    assert made.weights_sha256 == manifest["sha256"]
    assert made.preprocess == backbone_spec(NETWORK).preprocess
    assert len(made.columns) == 256


@pytest.mark.slow
def test_a_network_is_exported_once(backbone, tmp_path):
    folder = write_run(backbone, tmp_path / "mine")
    backbone_sets([str(folder)], Device(), precision="f32", on_cuda=False)
    (kept,) = (folder / "backbone").glob("*.onnx")
    before = kept.stat().st_mtime_ns
    backbone_sets([str(folder)], Device(), precision="f32", on_cuda=False)
    assert kept.stat().st_mtime_ns == before


def test_extract_stores_the_features_of_a_run(run_folder, crops_tree, tmp_path):
    store = tmp_path / "store"
    code = main(
        [
            *(
                "extract",
                str(crops_tree),
                "-o",
                str(store),
                "--feature-sets",
                str(run_folder),
            ),
            *("--precision", "f32", "--quiet", "--dtype", "float32"),
        ]
    )
    assert code == 0
    stored = FeatureStore(store).open(EntryName("mine", "one", "0"))
    values = stored.read()
    assert values.shape == (1, 256)
    assert np.isfinite(values).all()
    assert np.abs(values).max() > 0


def test_two_sets_of_one_name_are_refused(run_folder):
    with pytest.raises(
        UsageError, match="names of backbones must be unique, got mine, mine"
    ):
        backbone_sets([str(run_folder)] * 2, Device(), precision="f32", on_cuda=False)


def test_unknown_weights_are_refused_on_the_command_line(crops_tree, tmp_path, capsys):
    code = main(
        ["extract", str(crops_tree), "-o", str(tmp_path), "--feature-sets", "geometri"]
    )
    assert code == 1
    assert "no weights or finished run named 'geometri'" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without a GPU")
def test_a_missing_gpu_is_reported(run_folder):
    with pytest.raises(UsageError, match="device: no GPU found for cuda; use cpu"):
        backbone_sets([str(run_folder)], Device(), precision="f32", on_cuda=True)


def test_bf16_is_refused_or_proven(run_folder):
    if supports_bf16("CPU"):
        assert backbone_sets([str(run_folder)], Device(), precision="bf16", on_cuda=False)
    else:
        with pytest.raises(UsageError, match="precision: bf16 is not supported by CPU"):
            backbone_sets([str(run_folder)], Device(), precision="bf16", on_cuda=False)
