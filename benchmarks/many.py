"""Many clips: several workers against one process in turns, and what each file costs.

    python benchmarks/many.py [--clips 24 --seconds 2 --workers 2 --rounds 5]

Commands are timed from start to finish, as a user runs them. One process uses more than one
core, as decoding and detection run beside the rest, so that N workers on N cores are less
than N times as fast: at most the cores that are there, divided by the cores that one
process has in use and by CPU / one. The line below compares one-second clips with the same
seconds in one file, in one process.
"""

import argparse
import hashlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from analyze import make_clip

SIZE = (640, 360)
FPS = 25


def run(videos: Path, out: Path, workers: int) -> tuple[float, float]:
    """Analyze a folder by the command; return wall and CPU seconds."""
    words = ["analyze", str(videos), "-o", str(out), "--quiet", "--workers", str(workers)]
    before, started_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "wildaffect", *words],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    wall_s = time.monotonic() - started_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall_s, cpu_s


def content(folder: Path) -> str:
    """Return the hash of all files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.csv")):
        digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def beside(folder: Path, args: argparse.Namespace) -> None:
    """Compare one process with several workers, in turns."""
    videos = folder / "videos"
    videos.mkdir()
    for number in range(args.clips):
        make_clip(videos / f"{number:04d}.mp4", SIZE, 1, args.seconds * FPS + number % 7)
    results: dict[int, list[tuple[float, float]]] = {1: [], args.workers: []}
    contents = set()
    for turn in range(args.rounds):
        for workers, measured in results.items():
            out = folder / f"out-{turn}-{workers}"
            measured.append(run(videos, out, workers))
            contents.add(content(out))
            print(f"{workers} {measured[-1]}", file=sys.stderr, flush=True)
    if len(contents) != 1:
        raise SystemExit("many: tables differ between runs")
    print("| workers | wall s | CPU s | cores in use | speed-up | CPU / one |")
    print("|---|---|---|---|---|---|")
    one = results[1]
    for workers, measured in results.items():
        pairs = list(zip(one, measured, strict=True))
        cells = (
            f"{statistics.median(wall_s for wall_s, _ in measured):.1f}",
            f"{statistics.median(cpu_s for _, cpu_s in measured):.1f}",
            f"{statistics.median(cpu_s / wall_s for wall_s, cpu_s in measured):.2f}",
            f"{statistics.median(a[0] / b[0] for a, b in pairs):.2f}",
            f"{statistics.median(b[1] / a[1] for a, b in pairs):.2f}",
        )
        print(f"| {workers} | {' | '.join(cells)} |")


def overhead(folder: Path, args: argparse.Namespace) -> None:
    """Compare clips of a second with one clip of as many frames, in turns."""
    for name, number, seconds in (("short", args.clips, 1), ("long", 1, args.clips)):
        (folder / name).mkdir()
        for clip in range(number):
            make_clip(folder / name / f"{clip:04d}.mp4", SIZE, 1, seconds * FPS)
    (folder / "still").mkdir()
    blank = np.full((64, 64, 3), 128, np.uint8)
    cv2.imwrite(str(folder / "still/blank.png"), blank)
    names = ("short", "long", "still")
    cpu: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(args.rounds):
        for name in names:
            cpu[name].append(run(folder / name, folder / f"out-{name}-{turn}", 1)[1])
    short_s, long_s, start_s = (statistics.median(cpu[name]) for name in names)
    each_ms = 1000 * (short_s - long_s) / (args.clips - 1)
    second_ms = 1000 * (long_s - start_s) / args.clips
    print(f"CPU: start of a process {start_s:.2f} s; a second of video {second_ms:.0f} ms;")
    print(f"a file besides {each_ms:.0f} ms")


def main() -> None:
    """Measure and print a table and a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        beside(Path(folder), args)
    with tempfile.TemporaryDirectory() as folder:
        overhead(Path(folder), args)


if __name__ == "__main__":
    main()
