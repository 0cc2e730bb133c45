"""Speed and memory of `extract`, compared with the bare runtime and eager torch.

    python benchmarks/extract.py [--rounds 5] [--images 16] [--no-memory]

prints the tables of docs/benchmarks.md. Networks have their real size and random weights.
Everything has one thread and is given in images per second of CPU time: other work on the
machine then changes little, where it would halve figures of the clock. Contenders take
turns within each round. Needs the extra `train`.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
import torch

from wildaffect.demo.clip import PORTRAIT
from wildaffect.export.backbone import backbone_to_onnx
from wildaffect.faces.crop import normalize
from wildaffect.features.embedding import NETWORK_BATCH, Embedder
from wildaffect.features.extract import ExtractOptions, Extractor
from wildaffect.features.extract_sources import find_extract_sources
from wildaffect.features.sets import FeatureSet
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.models.backbones.registry import backbone_spec, build_backbone
from wildaffect.runtime.network import Device, supports_bf16

NETWORKS = ("iresnet50.arcface", "densenet121.imagenet", "vit_base_patch16_224.mae")
MATRIX_SIDE = 2048
LENGTHS = (300, 3000)
Run = Callable[[], object]


def cpu_seconds(run: Run) -> float:
    """Return the CPU seconds of all threads of this process during one call."""
    start = time.process_time()
    run()
    return time.process_time() - start


def in_turns(contenders: dict[str, Run], rounds: int) -> dict[str, list[float]]:
    """Return CPU seconds of each contender in each round, after a call that warms up."""
    for run in contenders.values():
        run()
    took: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            took[name].append(cpu_seconds(run))
    return took


def bare_runtime(onnx: bytes, inputs: np.ndarray, precision: str) -> Run:
    """Return OpenVINO's own compiled model on batches that are normalized already."""
    core = ov.Core()
    model = core.read_model(onnx)
    model.reshape({0: [NETWORK_BATCH, *inputs.shape[1:]]})
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    batches = np.split(inputs, len(inputs) // NETWORK_BATCH)
    return lambda: [request.infer([batch]) for batch in batches]


def eager_torch(backbone: torch.nn.Module, inputs: np.ndarray) -> Run:
    """Return the network in torch, float32, on the same batches."""
    batches = torch.from_numpy(inputs).split(NETWORK_BATCH)

    def run() -> None:
        with torch.inference_mode():
            for batch in batches:
                backbone(batch)

    return run


def write_crops(folder: Path, num_images: int) -> Path:
    """Write numbered crops of the portrait that ships, as one video of `folder`."""
    portrait = cv2.resize(cv2.imread(str(PORTRAIT)), (512, 512))
    crop = cv2.imencode(".png", cv2.resize(portrait[60:172, 170:282], (224, 224)))[1]
    target = folder / "video"
    target.mkdir(parents=True)
    for number in range(1, num_images + 1):
        (target / f"{number:05d}.png").write_bytes(crop.tobytes())
    return folder


def whole_extract(name: str, embed: Embedder, crops: Path, folder: Path) -> Run:
    """Return the command's work on a video: decode, find the face, cut, embed, store."""
    spec = backbone_spec(name)
    one = FeatureSet(
        name="features",
        columns=tuple(f"f{index}" for index in range(spec.feature_dim)),
        start=lambda: embed,
        weights_sha256="none",
        preprocess=spec.preprocess,
    )
    (job,) = find_extract_sources([crops], "crops")
    store = FeatureStore(folder / f"store of {name}")
    store.make_folder()
    options = ExtractOptions(dtype="float32", device=Device())  # untrained: huge values
    extractor = Extractor(store, [one], options)

    def run() -> None:
        outcome = extractor.extract(job, lambda *_: None)
        if outcome.status != "done":
            raise SystemExit(f"extract: got {outcome}")
        store.remove(EntryName("features", job.video, "0"))

    return run


def measure(name: str, folder: Path, args: argparse.Namespace) -> str:
    """Return one network's row."""
    torch.manual_seed(0)
    backbone = build_backbone(name).eval()
    preprocess = backbone_spec(name).preprocess
    side, channels = preprocess.size_px, len(preprocess.mean)
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (args.images, side, side, channels), dtype=np.uint8)
    inputs = normalize(crops, preprocess)
    onnx = backbone_to_onnx(backbone)
    precision = "bf16" if supports_bf16("CPU") else "f32"
    embed = Embedder(onnx, preprocess, Device(precision=precision))
    stored = write_crops(folder / name, args.images)
    took = in_turns(
        {
            "bare": bare_runtime(onnx, inputs, precision),
            "bare f32": bare_runtime(onnx, inputs, "f32"),
            "ours": lambda: embed.embed(list(crops)),
            "eager": eager_torch(backbone, inputs),
            "extract": whole_extract(name, embed, stored, folder),
        },
        args.rounds,
    )
    rates = {key: args.images / statistics.median(took[key]) for key in took}
    to_bare = statistics.median(np.divide(took["bare"], took["ours"]))
    to_eager = statistics.median(np.divide(took["eager"], took["ours"]))
    cells = [
        f"{rates[key]:.1f}" for key in ("bare f32", "bare", "ours", "eager", "extract")
    ]
    return (
        f"| {name} | {precision} | {' | '.join(cells)} | {to_bare:.2f} | {to_eager:.2f} |"
    )


def matrix_rates(rounds: int) -> str:
    """Return what the processor does at most, in torch's matrix products."""
    operations = 2 * MATRIX_SIDE**3
    squares = {
        kind: torch.rand(MATRIX_SIDE, MATRIX_SIDE).to(kind)
        for kind in (torch.float32, torch.bfloat16)
    }
    took = in_turns(
        {
            str(kind): lambda square=square: square @ square
            for kind, square in squares.items()
        },
        rounds,
    )
    rates = {kind: operations / statistics.median(took[kind]) / 1e9 for kind in took}
    return ", ".join(f"{kind}: {rate:.0f} GFLOP/s" for kind, rate in rates.items())


PEAK = """
import re, sys
from pathlib import Path
from wildaffect.cli.main import main
main(["extract", *sys.argv[1:], "--feature-sets", "geometry", "mesh", "--quiet"])
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1e3)
"""
"""Linux's own figure of a process; that of `resource` counts its parent's memory too."""


def peak_mb(crops: Path, store: Path) -> float:
    """Return the peak memory of the command, in a process that does nothing else."""
    command = [sys.executable, "-c", PEAK, str(crops), "-o", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def memory_table(folder: Path) -> None:
    """Print the peak memory of a video and of one ten times as long."""
    print("\n| images of one video | peak memory, MB |\n|---|---|")
    for length in LENGTHS:
        crops = write_crops(folder / f"long{length}", length)
        print(f"| {length} | {peak_mb(crops, folder / f'store{length}'):.0f} |", flush=True)


HEADER = (
    "network | precision | bare runtime, f32 | bare runtime | ours | eager torch, f32 | "
    "whole `extract` | ours / bare | ours / eager"
)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=2 * NETWORK_BATCH)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--no-memory", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f"matrix products: {matrix_rates(args.rounds)}\n")
    print(f"| {HEADER} |\n|{'---|' * (HEADER.count(' | ') + 1)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for network in args.networks:
            print(measure(network, folder, args), flush=True)
        if not args.no_memory:
            memory_table(folder)


if __name__ == "__main__":
    main()
