"""Compare inference runtimes on the three face nets: speed, parity, size, platforms.

Whatever is installed is compared; the others are named as absent. No other part of the
package is imported, so the script runs in an environment that holds runtimes alone:

    pip install numpy opencv-python-headless openvino onnxruntime ai-edge-litert
    python benchmarks/runtimes.py speed --onnx onnx/
    python benchmarks/runtimes.py packages

ONNX Runtime reads no TFLite. Where tf2onnx and TensorFlow are installed, for each net:

    python -m tf2onnx.convert --tflite NET.tflite --output onnx/NET.onnx --opset 17
"""

import argparse
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Outputs = dict[str, NDArray[np.float32]]
"""By the tensor names of the TFLite file, which every runtime keeps."""
Net = Callable[[NDArray[np.float32]], Outputs]

PACKAGE = Path(__file__).parents[1] / "src/wildaffect"
NETS = ("face_detection_full_range", "face_landmarks_detector", "face_blendshapes")
FACE_CENTER_PX, FACE_SIDE_PX = (224, 125), 200
"""The square around the face in the NASA portrait of Eileen Collins, 512x512."""
BLENDSHAPE_POINTS = (
    "0-1,4-8,10,13-14,17,21,33,37,39-40,46,52-55,58,61,63,65-67,70,78,80-82,84,87-88,91,93,"
    "95,103,105,107,109,127,132-133,136,144-146,148-150,152-155,157-163,168,172-173,176,178,"
    "181,185,191,195,197,234,246,249,251,263,267,269-270,276,282-285,288,291,293,295-297,300,"
    "308,310-312,314,317-318,321,323-324,332,334,336,338,356,361-362,365,373-375,377-382,384-"
    "390,397-398,400,402,405,409,415,454,466,468-477"
)
"""The mesh points that the blendshape net reads.

Source: MediaPipe, `kLandmarksSubsetIdxs`.
"""
GLIBC = ("manylinux2014", *(f"manylinux_2_{minor}" for minor in range(17, 40)))
"""pip compares a platform word for word, so older systems are listed one by one."""
PLATFORMS = {
    "Linux x86-64": tuple(f"{tag}_x86_64" for tag in GLIBC),
    "Linux arm64": tuple(f"{tag}_aarch64" for tag in GLIBC),
    "macOS arm64": ("macosx_14_0_arm64",),
    "macOS x86-64": ("macosx_14_0_x86_64",),
    "Windows": ("win_amd64",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """One inference runtime and how a network is opened with it."""

    package: str
    module: str
    license: str
    """As the package's metadata states it."""
    reads: str
    open: Callable[[Path, int], Net]
    """Takes a file and a number of threads."""


def open_openvino(path: Path, threads: int) -> Net:
    """Open with OpenVINO on the CPU in f32."""
    import openvino as ov

    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,
    }
    core = ov.Core()
    model = core.read_model(path)
    if model.input(0).partial_shape.is_dynamic:
        sides = list(model.input(0).partial_shape)[1:]
        model.reshape([1, *(side.get_length() for side in sides)])
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    names = [port.any_name for port in model.outputs]

    def run(value: NDArray[np.float32]) -> Outputs:
        request.infer([value])
        return {n: np.array(request.get_output_tensor(i).data) for i, n in enumerate(names)}

    return run


def open_litert(path: Path, threads: int) -> Net:
    """Open with LiteRT, whose CPU path is XNNPACK."""
    from ai_edge_litert.interpreter import Interpreter

    net = Interpreter(str(path), num_threads=threads)
    net.allocate_tensors()
    source = net.get_input_details()[0]["index"]
    targets = {detail["name"]: detail["index"] for detail in net.get_output_details()}

    def run(value: NDArray[np.float32]) -> Outputs:
        net.set_tensor(source, value)
        net.invoke()
        return {name: net.get_tensor(index) for name, index in targets.items()}

    return run


def open_onnxruntime(path: Path, threads: int) -> Net:
    """Open the converted file with ONNX Runtime on the CPU."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0].name
    names = [port.name for port in session.get_outputs()]
    return lambda value: dict(zip(names, session.run(names, {source: value}), strict=True))


def open_opencv(path: Path, threads: int) -> Net:
    """Open with OpenCV 5's dnn; its classic engine is the one that keeps all outputs."""
    import cv2

    net = cv2.dnn.readNetFromTFLite(str(path), engine=cv2.dnn.ENGINE_CLASSIC)
    names = net.getUnconnectedOutLayersNames()

    def run(value: NDArray[np.float32]) -> Outputs:
        cv2.setNumThreads(threads)
        planes = value.transpose(0, 3, 1, 2) if value.ndim == 4 else value
        net.setInput(np.ascontiguousarray(planes))
        return dict(zip(names, net.forward(names), strict=True))

    return run


RUNTIMES = {
    "OpenVINO": Runtime(
        package="openvino",
        module="openvino",
        license="Apache-2.0",
        reads="TFLite, ONNX",
        open=open_openvino,
    ),
    "LiteRT": Runtime(
        package="ai-edge-litert",
        module="ai_edge_litert",
        license="Apache-2.0",
        reads="TFLite",
        open=open_litert,
    ),
    "ONNX Runtime": Runtime(
        package="onnxruntime",
        module="onnxruntime",
        license="MIT",
        reads="ONNX",
        open=open_onnxruntime,
    ),
    "OpenCV dnn": Runtime(
        package="opencv-python-headless",
        module="cv2",
        license="Apache-2.0",
        reads="TFLite, ONNX",
        open=open_opencv,
    ),
}


def main() -> None:
    """Print Markdown tables: `speed` (with parity) or `packages`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    speed = commands.add_parser("speed", help="ms per call, and agreement")
    speed.add_argument("--picture", type=Path, default=PACKAGE / "demo/astronaut.jpg")
    speed.add_argument("--nets", type=Path, default=PACKAGE / "faces/assets")
    speed.add_argument("--onnx", type=Path, default=None, help="folder of converted files")
    speed.add_argument("--rounds", type=int, default=15)
    speed.add_argument("--calls", type=int, default=60, help="timed, per round and net")
    commands.add_parser("packages", help="installed size in a fresh environment, wheels")
    args = parser.parse_args()
    if args.command == "packages":
        print_packages()
    else:
        print_speed(args)


def print_speed(args: argparse.Namespace) -> None:
    """Time and compare whatever is installed, on the picture's face."""
    names = [name for name in RUNTIMES if is_usable(name, args.onnx)]
    for name in sorted(RUNTIMES.keys() - names):
        print(f"{name}: not compared (package absent, or no converted files given)")
    values = real_inputs(args.picture, names[0], args.nets)
    nets = {
        (name, net, threads): RUNTIMES[name].open(net_path(name, net, args), threads)
        for name in names
        for net in NETS
        for threads in (1, 2)
    }
    reference = "LiteRT" if "LiteRT" in names else names[0]
    print(f"\nDifference to {reference}: largest absolute / largest value of that output\n")
    print_row("runtime", *NETS)
    print_row(*["---"] * (1 + len(NETS)))
    wanted = {net: nets[reference, net, 1](values[net]) for net in NETS}
    for name in names:
        given = {net: nets[name, net, 1](values[net]) for net in NETS}
        print_row(name, *(difference(given[net], wanted[net]) for net in NETS))
    for threads in (1, 2):
        chosen = {key[:2]: net for key, net in nets.items() if key[2] == threads}
        print_times(chosen, values, threads=threads, rounds=args.rounds, calls=args.calls)


def print_times(
    nets: dict[tuple[str, str], Net],
    values: dict[str, NDArray[np.float32]],
    *,
    threads: int,
    rounds: int,
    calls: int,
) -> None:
    """Take turns; print the median over rounds, and the median ratio within a round."""
    times: dict[tuple[str, str], list[float]] = {key: [] for key in nets}
    for _ in range(rounds):
        for (name, net), run in nets.items():
            times[name, net].append(block_ms(run, values[net], calls=calls))
    names = list(dict.fromkeys(name for name, _ in nets))
    print(f"\n{threads} thread(s), ms per call (x = times the ms of {names[0]})\n")
    print_row("runtime", *NETS, "sum")
    print_row(*["---"] * (2 + len(NETS)))
    base = np.array([times[names[0], net] for net in NETS])
    for name in names:
        taken = np.array([times[name, net] for net in NETS])  # (nets, rounds)
        taken = np.vstack([taken, taken.sum(axis=0)])
        ratio = np.median(taken / np.vstack([base, base.sum(axis=0)]), axis=1)
        middle = np.median(taken, axis=1)
        print_row(
            name, *(f"{t:.2f} ({r:.2f}x)" for t, r in zip(middle, ratio, strict=True))
        )


def block_ms(run: Net, value: NDArray[np.float32], *, calls: int) -> float:
    """Return the median ms of `calls` calls, after ten that let other threads calm down."""
    for _ in range(10):
        run(value)
    taken = []
    for _ in range(calls):
        start = time.perf_counter()
        run(value)
        taken.append(time.perf_counter() - start)
    return 1e3 * statistics.median(taken)


def real_inputs(picture: Path, name: str, folder: Path) -> dict[str, NDArray[np.float32]]:
    """Return what each net reads in use: the whole picture, the face, its mesh points."""
    import cv2

    bgr = cv2.imread(str(picture))
    if bgr is None or bgr.shape[:2] != (512, 512):
        raise SystemExit(f"{picture}: must be the portrait of 512x512 pixels")
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    whole = cv2.resize(rgb, (192, 192), interpolation=cv2.INTER_AREA)
    crop = cv2.resize(
        cv2.getRectSubPix(rgb, (FACE_SIDE_PX, FACE_SIDE_PX), FACE_CENTER_PX), (256, 256)
    )
    face = np.asarray(crop, np.float32)[None] / 255
    outputs = RUNTIMES[name].open(folder / f"{NETS[1]}.tflite", 1)(face)
    if outputs["Identity_1"].item() < 0:
        raise SystemExit(f"{picture}: the mesh must find a face, got a presence below 0.5")
    mesh = outputs["Identity"].reshape(478, 3)  # pixels of the 256x256 crop
    points = mesh[list(indices(BLENDSHAPE_POINTS)), :2] * (FACE_SIDE_PX / 256)
    return {
        NETS[0]: np.asarray(whole, np.float32)[None] / 127.5 - 1,
        NETS[1]: face,
        NETS[2]: np.ascontiguousarray(points[None], np.float32),
    }


def indices(text: str) -> Iterable[int]:
    """Yield the numbers of a list such as `0-1,4`."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def difference(outputs: Outputs, reference: Outputs) -> str:
    """Return the worst output's largest difference and that output's largest value."""
    worst, scale = max(
        (
            float(np.abs(outputs[name].ravel() - value.ravel()).max()),
            float(abs(value).max()),
        )
        for name, value in reference.items()
    )
    return f"{worst:.1e} / {scale:.3g} = {worst / scale:.0e}"


def is_usable(name: str, onnx: Path | None) -> bool:
    """Return whether a runtime is installed and has files that it can read."""
    runtime = RUNTIMES[name]
    readable = "TFLite" in runtime.reads or onnx is not None
    return readable and importlib.util.find_spec(runtime.module) is not None


def net_path(name: str, net: str, args: argparse.Namespace) -> Path:
    """Return the file that a runtime reads."""
    if "TFLite" in RUNTIMES[name].reads:
        return Path(args.nets) / f"{net}.tflite"
    return Path(args.onnx) / f"{net}.onnx"


def print_packages() -> None:
    """Install each runtime into a fresh environment and weigh it; ask for its wheels."""
    print_row("runtime", "installed MB", "license", "reads", *PLATFORMS)
    print_row(*["---"] * (4 + len(PLATFORMS)))
    for name, runtime in RUNTIMES.items():
        wheels = [newest_wheel(runtime.package, tags) for tags in PLATFORMS.values()]
        size = f"{installed_mb(runtime.package):.0f}"
        print_row(name, size, runtime.license, runtime.reads, *wheels)


def installed_mb(package: str) -> float:
    """Return what a package and its dependencies add to an empty environment."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        before = folder_mb(Path(folder))
        pip = [Path(folder) / "bin/python", "-m", "pip", "install", "-q", "--no-compile"]
        subprocess.run([*pip, package], check=True, stderr=subprocess.DEVNULL)
        return folder_mb(Path(folder)) - before


def folder_mb(folder: Path) -> float:
    """Return the size of all files below a folder, in 10^6 bytes."""
    return sum(p.lstat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def newest_wheel(package: str, tags: tuple[str, ...]) -> str:
    """Return the newest version that has a wheel for CPython 3.12 there, or `-`."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    with tempfile.TemporaryDirectory() as folder:
        place = [word for tag in tags for word in ("--platform", tag)]
        place += ["--python-version", "3.12", "-d", folder]
        done = subprocess.run([*pip, *place, package], check=False, capture_output=True)
        files = list(Path(folder).glob("*.whl"))
        return files[0].name.split("-")[1] if done.returncode == 0 and files else "-"


def print_row(*cells: Any) -> None:
    """Print one row of a Markdown table."""
    print("|", " | ".join(map(str, cells)), "|")


if __name__ == "__main__":
    main()
