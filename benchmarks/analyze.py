"""Speed of `analyze`, compared with decoding alone and with MediaPipe.

    python benchmarks/analyze.py [--mediapipe PYTHON --task face_landmarker.task] [--runs 5]

prints the tables of docs/benchmarks.md. Clips are made on the spot from the portrait that
ships: 1, 2 or 4 faces, 640x360 and 1280x720. MediaPipe is optional and lives in its own
environment: name its python (with `mediapipe` and `av`) and the model bundle. All
contenders run in turn within each round, so that a noisy machine is noisy for all.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SIZES = ((640, 360), (1280, 720))
CLIP_FRAMES = 240
FPS = 30.0


def make_clip(path: Path, size: tuple[int, int], num_faces: int, num_frames: int) -> None:
    """Write a clip in which faces of one photograph glide side by side."""
    import cv2
    import numpy as np

    from wildaffect.demo.clip import PORTRAIT
    from wildaffect.video.write import VideoWriter

    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    width, height = size
    noise = np.random.default_rng(0).normal(0, 3, (height, width, 3)).astype(np.float32)
    columns = 1 if num_faces == 1 else 2
    rows = -(-num_faces // columns)
    tile = (width // columns, height // rows)
    with VideoWriter(path, width=width, height=height, fps_hint=FPS) as video:
        for i in range(num_frames):
            zoom = tile[1] / 512 * 1.6
            frame = np.zeros((height, width, 3), np.uint8)
            for face in range(num_faces):
                phase = i / 20 + face
                move = np.float32([[zoom, 0, 0], [0, zoom, 0]])
                at = (tile[0] * (0.5 + 0.06 * np.sin(phase)), tile[1] * 0.5)
                move[:, 2] = np.array(at) - zoom * np.array([226, 140])
                picture = cv2.warpAffine(
                    portrait, move, tile, borderMode=cv2.BORDER_REPLICATE
                )
                top, left = face // columns * tile[1], face % columns * tile[0]
                frame[top : top + tile[1], left : left + tile[0]] = picture
            grain = np.roll(noise, 7 * i, 1)
            video.write(np.clip(frame + grain, 0, 255).astype(np.uint8), i / FPS)


def timed(run: Callable[[], int]) -> dict[str, float]:
    """Return frames/s and CPU milliseconds per frame of one run."""
    cpu, wall = time.process_time(), time.perf_counter()
    num_frames = run()
    wall = time.perf_counter() - wall
    cpu = time.process_time() - cpu
    return {"fps": num_frames / wall, "cpu_ms": 1e3 * cpu / num_frames}


def child(command: list[str]) -> dict[str, float]:
    """Run a contender in its own process and read the line of JSON that it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def run_decode(clip: str, _threads: int) -> dict[str, float]:
    """Decoding to RGB alone."""
    from wildaffect.video.read import open_source

    def run() -> int:
        with open_source(clip) as reader:
            return sum(1 for _ in reader)

    run()
    return timed(run)


def run_analyze(clip: str, threads: int) -> dict[str, float]:
    """The whole analysis with a CSV table; networks are loaded before the clock starts."""
    from wildaffect.analysis.files import run_job
    from wildaffect.analysis.job import FileJob
    from wildaffect.analysis.options import ColumnOptions, ReadOptions, build_analyzer
    from wildaffect.runtime.network import Device

    analyzer = build_analyzer(device=Device(threads=threads))
    with tempfile.TemporaryDirectory() as folder:
        job = FileJob(
            source=Path(clip),
            results=(Path(folder) / "x.csv",),
            read=ReadOptions(),
            columns=ColumnOptions(),
        )

        def run() -> int:
            summary = run_job(job, analyzer, lambda _info, _frame: None).summary
            found["faces"] = summary.num_faces / summary.num_frames
            return summary.num_frames

        found: dict[str, float] = {}
        run()
        return timed(run) | found


MEDIAPIPE = """
import json, sys, time, av, mediapipe as mp
from av.video.reformatter import VideoReformatter
from mediapipe.tasks.python import vision, BaseOptions
clip, task, faces = sys.argv[1], sys.argv[2], int(sys.argv[3])
def run():
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=task), num_faces=faces,
        output_face_blendshapes=True, output_facial_transformation_matrixes=True,
        running_mode=vision.RunningMode.VIDEO)
    marker, convert = vision.FaceLandmarker.create_from_options(options), VideoReformatter()
    count = found = 0
    cpu, wall = time.process_time(), time.perf_counter()
    with av.open(clip) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            rgb = convert.reformat(frame, format="rgb24").to_ndarray()
            image = mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb)
            result = marker.detect_for_video(image, int(frame.time * 1000))
            found += len(result.face_landmarks)
            count += 1
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"fps": count / wall, "cpu_ms": 1e3 * cpu / count, "faces": found / count}
run()
print(json.dumps(run()))
"""
CONTENDERS = {"decode": run_decode, "analyze": run_analyze}


def median(rounds: list[dict[str, float]], key: str) -> float:
    """Return the median of a figure over the rounds."""
    return statistics.median(measured[key] for measured in rounds)


HEADER = (
    "clip | faces | threads | decode alone | analyze | CPU ms a frame | faces found | "
    "MediaPipe | its faces found | ratio"
)


def speed_table(folder: Path, args: argparse.Namespace) -> None:
    """Print frames/s of every contender for every clip."""
    print(f"| {HEADER} |\n|{'---|' * (HEADER.count('|') + 1)}")
    for width, height in SIZES:
        for num_faces in (1, 2, 4):
            clip = folder / f"{width}x{height}_{num_faces}.mp4"
            make_clip(clip, (width, height), num_faces, CLIP_FRAMES)
            for threads in (1, 2):
                cells = [f"{width}x{height}", f"{num_faces}", f"{threads}"]
                cells += row_of(clip, num_faces, threads, args)
                print(f"| {' | '.join(cells)} |", flush=True)


def row_of(clip: Path, num_faces: int, threads: int, args: argparse.Namespace) -> list[str]:
    """Measure one clip in turns and return the cells of its row."""
    here = [sys.executable, __file__, "--contender"]
    decode, ours, theirs = [], [], []
    for _ in range(args.runs):
        ours.append(child([*here, "analyze", str(clip), str(threads)]))
        decode.append(child([*here, "decode", str(clip), str(threads)]))
        if args.mediapipe:
            command = [args.mediapipe, "-c", MEDIAPIPE, str(clip), args.task]
            theirs.append(child([*command, str(num_faces)]))
    cells = [f"{median(decode, 'fps'):.0f}", f"{median(ours, 'fps'):.0f}"]
    cells += [f"{median(ours, 'cpu_ms'):.1f}", f"{median(ours, 'faces'):.2f}"]
    if not theirs:
        return [*cells, "-", "-", "-"]
    ratio = statistics.median(
        a["fps"] / b["fps"] for a, b in zip(ours, theirs, strict=True)
    )
    cells += [f"{median(theirs, 'fps'):.0f}", f"{median(theirs, 'faces'):.2f}"]
    return [*cells, f"{ratio:.2f}"]


def memory_table(folder: Path) -> None:
    """Print the peak memory of a short and of a long video."""
    print("\n| video, 640x360 | peak memory, MB |\n|---|---|")
    for minutes in (1, 30):
        clip = folder / f"{minutes}min.mp4"
        make_clip(clip, (640, 360), 1, int(minutes * 60 * FPS))
        here = [sys.executable, __file__, "--contender", "once", str(clip), "1"]
        print(f"| {minutes} min | {child(here)['peak_mb']:.0f} |", flush=True)


def run_once(clip: str, threads: int) -> dict[str, float]:
    """One analysis from a fresh process, for its peak memory."""
    from wildaffect.cli.main import main

    with tempfile.TemporaryDirectory() as folder:
        main(["analyze", clip, "-o", folder, "--quiet", "--threads", str(threads)])
    # Not `ru_maxrss`: that would begin with the peak of the program that started this one.
    peak_kb = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]
    return {"peak_mb": int(peak_kb) / 1e3}


CONTENDERS["once"] = run_once


def main() -> None:
    """Print all tables, or run one contender for them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mediapipe", help="python of an environment with mediapipe")
    parser.add_argument("--task", help="face_landmarker.task")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--contender", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.contender:
        name, clip, threads = args.contender
        print(json.dumps(CONTENDERS[name](clip, int(threads))))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        speed_table(folder, args)
        if not args.no_memory:
            memory_table(folder)


if __name__ == "__main__":
    main()
