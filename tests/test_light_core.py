"""The light core imports where training packages are absent, and importing does nothing."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from onnx import TensorProto, helper

import wildaffect
from wildaffect.core.preprocess import Preprocess
from wildaffect.inference.artifact import network_file, write_artifact
from wildaffect.inference.manifest import (
    FORMAT_VERSION,
    BackboneInput,
    Manifest,
    Member,
)

PACKAGE = Path(wildaffect.__file__).parent
TRAINING = {"models", "losses", "training", "export", "recipes"}
FLOAT = TensorProto.FLOAT
EXTRA = {
    *(("synth",), ("features", "world_features"), ("features", "world_sight")),
    ("serving",),
}
"""Need the extra `world` (numba) or `serve`."""
NEED_TRAIN = {("cli", "results"), ("cli", "training_progress"), ("extending",)}
"""Print what layers of training return, or offer their parts; need the extra `train`."""
LIGHT_WORKFLOWS = {
    "__init__",
    "analyze",
    "analyze_files",
    "evaluate",
    "generate",
    "load_model",
    "report",
    "stream_to",
}
ABSENT = [
    "torch",
    "torchvision",
    "timm",
    "scipy",
    "pandas",
    "numba",
    "sklearn",
    "onnx",
    "h5py",
    "ray",
    "websockets",
    "pythonosc",
    "pylsl",
    "zmq",
    "fastapi",
    "uvicorn",
    "fsspec",
]
HEAVY = ["openvino", "cv2", "av", "pyarrow", *ABSENT]

HIDE = f"""
import sys
from importlib.abc import MetaPathFinder

class Hidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""
WATCH = """
import os, sys

effects = []

def note(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.bind", "os.mkdir",
                 "os.remove", "os.rename", "subprocess.Popen", "os.system"}:
        effects.append((event, repr(args)[:200]))
    if event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        effects.append((event, str(args[0])))

sys.addaudithook(note)
"""


def light_modules() -> list[str]:
    """Return every module that has to import without the training packages."""
    names = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts in NEED_TRAIN:
            continue
        if parts[0] == "workflows" and parts[1] not in LIGHT_WORKFLOWS:
            continue
        if parts[0] not in TRAINING and not EXTRA & {parts[:1], parts[:2]}:
            names.append(".".join(("wildaffect", *parts)).removesuffix(".__init__"))
    return names


def run(code: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter whose home and working folder are `folder`.

    Args:
        code: Python.
        folder: Folder.
        more: Further environment variables.
    """
    return subprocess.run(
        [sys.executable, "-B", "-c", textwrap.dedent(code)],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(PACKAGE.parent),  # a checkout other than the installed one
        }
        | more,
    )


def test_the_light_modules_are_found() -> None:
    assert {"wildaffect", "wildaffect.core.tasks", "wildaffect.cli.main"} <= set(
        light_modules()
    )


@pytest.mark.parametrize("name", ABSENT)
def test_the_hook_hides_a_package(name: str, tmp_path: Path) -> None:
    done = run(HIDE + f"import {name}", tmp_path)
    assert f"No module named '{name}'" in done.stderr


def test_every_light_module_imports_without_training_packages_and_without_side_effects(
    tmp_path: Path,
) -> None:
    code = f"""
import importlib, threading
broken = []
for name in {light_modules()!r}:
    try:
        importlib.import_module(name)
    except ImportError as error:
        broken.append((name, str(error)))
assert not broken, broken
assert not effects, effects
assert threading.active_count() == 1, threading.enumerate()
"""
    done = run(HIDE + WATCH + code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


RUN_A_NETWORK = """
from wildaffect.faces.models import DETECTOR
from wildaffect.runtime.network import Device, Network
import numpy as np

network = Network(DETECTOR.verified_path(), device=Device())
shapes = [output.shape for output in network(np.zeros((1, 192, 192, 3), np.float32))]
assert shapes == [(1, 2304, 16), (1, 2304, 1)], shapes
loaded = [n for n in sys.modules if n.startswith("openvino_telemetry.")]
assert not loaded, loaded
"""


def test_running_a_network_calls_no_host_and_writes_nothing(tmp_path: Path) -> None:
    # Left alone, `import openvino` reports itself to a web analytics service at exit, in a
    # process of its own, and writes a client number into the home folder.
    code = WATCH + RUN_A_NETWORK + "assert not effects, effects"
    done = run(code, tmp_path, WILDAFFECT_CACHE="off")
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*")) == []


def test_only_compiled_networks_are_written_to_the_cache_of_the_user(
    tmp_path: Path,
) -> None:
    code = RUN_A_NETWORK + "assert not [e for e in effects if 'socket' in e[0]], effects"
    done = run(WATCH + code, tmp_path)
    assert done.returncode == 0, done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert files[0].parent.name == "networks"


def with_backbone(folder: Path) -> Path:
    """Write an artifact whose valence is the mean red of the aligned crop, in [0, 1]."""
    crops = helper.make_tensor_value_info("crops", FLOAT, ["B", 3, 32, 32])
    mean = helper.make_node("ReduceMean", ["crops"], ["color"], axes=[2, 3], keepdims=0)
    color = to_onnx([mean], crops, ("color", ["B", 3]), {})
    rows = helper.make_tensor_value_info("features", FLOAT, [1, "T", 3])
    nodes = [
        helper.make_node("Gather", ["features", "first"], ["red"], axis=2),
        helper.make_node("Squeeze", ["red", "last"], ["valence"]),
    ]
    constants = {"first": [0], "last": [2]}
    member = to_onnx(nodes, rows, ("valence", [1, "T"]), constants)
    files = {"backbone-0.onnx": color, "member-0.onnx": member}
    backbone = BackboneInput(
        name="color",
        network=network_file("backbone-0.onnx", color),
        preprocess=Preprocess(size_px=32, mean=(0.0,) * 3, std=(1.0,) * 3),
        feature_dim=3,
    )
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        name="light",
        version="1",
        summary="For tests.",
        license="Apache-2.0",
        sources=(),
        inputs=(backbone,),
        members=(Member(network=network_file("member-0.onnx", member)),),
        predicts_valence=True,
        predicts_arousal=False,
    )
    write_artifact(folder, manifest, files)
    return folder


def to_onnx(nodes, given, output, constants) -> bytes:
    graph = helper.make_graph(
        nodes,
        "light",
        [given],
        [helper.make_tensor_value_info(output[0], FLOAT, output[1])],
        [helper.make_tensor(k, TensorProto.INT64, [1], v) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model.SerializeToString()


def test_a_verb_of_training_names_the_extra_it_needs(tmp_path: Path) -> None:
    code = """
import wildaffect
from wildaffect.core.errors import MissingExtra
try:
    wildaffect.train
except MissingExtra as error:
    assert "pip install 'wildaffect[train]'" in str(error)
else:
    raise AssertionError("no extra is missing")
"""
    done = run(HIDE + code, tmp_path)
    assert done.returncode == 0, done.stderr


def test_analysis_with_a_backbone_needs_no_training_package(tmp_path: Path) -> None:
    artifact = with_backbone(tmp_path / "artifact")
    code = f"""
from pathlib import Path
import wildaffect
from wildaffect.cli.main import main

picture = Path(wildaffect.__file__).parent / "demo" / "astronaut.jpg"
words = ["analyze", str(picture), "--model", {str(artifact)!r}, "-o", "out.csv", "--quiet"]
assert main(words) == 0
(valence,) = wildaffect.read_table("out.csv")["valence"].to_pylist()
assert 0.2 < valence < 0.9, valence
loaded = [name for name in {ABSENT!r} if name in sys.modules]
assert not loaded, loaded
"""
    done = run(HIDE + code, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import wildaffect", id="import"),
        pytest.param("from wildaffect.cli.main import main; main(['--help'])", id="help"),
        pytest.param(
            "from wildaffect.cli.main import main; main(['--version'])", id="version"
        ),
    ],
)
def test_what_is_used_first_loads_nothing_heavy(code: str, tmp_path: Path) -> None:
    check = (
        f"\nloaded = [n for n in {HEAVY!r} if n in sys.modules]\nassert not loaded, loaded"
    )
    done = run(WATCH + code + check + "\nassert not effects, effects", tmp_path)
    assert done.returncode == 0, done.stderr
