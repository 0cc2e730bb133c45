"""Speed of `analyze` compared with another checkout of this project, in turns.

    git worktree add ../before REVISION
    python benchmarks/analyze_beside.py ../before [--faces 1 --height 720 --rounds 7]
    python benchmarks/analyze_beside.py ../before --photograph FILE

Each round runs both on the same clip, one thread each, networks loaded before the clock
starts; or the whole command on one photograph, from a fresh process to its end. Prints
medians and the median ratio of the rounds: the other's checkout is 1.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from analyze import CLIP_FRAMES, make_clip

HERE = Path(__file__).resolve().parents[1]


def environment(checkout: Path) -> dict[str, str]:
    """Return the environment in which a checkout's code runs."""
    return dict(os.environ, PYTHONPATH=str(checkout / "src"), OMP_NUM_THREADS="1")


def measure(checkout: Path, clip: Path) -> dict[str, float]:
    """Return frames/s and CPU milliseconds per frame of a checkout."""
    command = [sys.executable, str(checkout / "benchmarks/analyze.py")]
    command += ["--contender", "analyze", str(clip), "1"]
    done = subprocess.run(
        command, env=environment(checkout), capture_output=True, text=True, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure_photograph(checkout: Path, photograph: Path) -> dict[str, float]:
    """Return seconds and CPU seconds of the whole command on a photograph."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "wildaffect", "analyze", str(photograph)]
        command += ["-o", folder, "--quiet"]
        before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, env=environment(checkout), capture_output=True, check=True)
        wall_s = time.perf_counter() - began_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"s": wall_s, "cpu_s": cpu_s}


def in_turns(
    run: Callable[[Path], dict[str, float]], other: Path, rounds: int
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Measure the other checkout and this one in turns; the first round does not count."""
    before, now = [], []
    for _ in range(rounds + 1):
        before.append(run(other))
        now.append(run(HERE))
        print(f"{before[-1]} {now[-1]}", file=sys.stderr, flush=True)
    return before[1:], now[1:]


def main() -> None:
    """Measure in turns and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path, metavar="CHECKOUT")
    parser.add_argument("--faces", type=int, default=1)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--photograph", type=Path, metavar="FILE")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    other = args.before.resolve()
    if args.photograph:
        run = partial(measure_photograph, photograph=args.photograph.resolve())
        before, now = in_turns(run, other, args.rounds)
    else:
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "clip.mp4"
            size = (args.height * 16 // 9, args.height)
            make_clip(clip, size, args.faces, CLIP_FRAMES)
            before, now = in_turns(partial(measure, clip=clip), other, args.rounds)
    print("| figure | before | now | ratio |\n|---|---|---|---|")
    digits_of = {"fps": 0, "cpu_ms": 1, "s": 2, "cpu_s": 2}
    for name, digits in digits_of.items():
        if name not in now[0]:
            continue
        ratio = statistics.median(
            b[name] / a[name] for a, b in zip(before, now, strict=True)
        )
        medians = [statistics.median(item[name] for item in side) for side in (before, now)]
        cells = [f"{value:.{digits}f}" for value in medians]
        print(f"| {name} | {' | '.join(cells)} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
