"""Speed of `analyze` compared with another checkout of this project, in turns.

    git worktree add ../before REVISION
    python benchmarks/analyze_beside.py ../before [--faces 1 --height 720 --rounds 7]

Each round runs both on the same clip, one thread each, networks loaded before the clock
starts. Prints medians and the median ratio of the rounds: the other's checkout is 1.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from analyze import CLIP_FRAMES, make_clip

HERE = Path(__file__).resolve().parents[1]


def measure(checkout: Path, clip: Path) -> dict[str, float]:
    """Return frames/s and CPU milliseconds per frame of a checkout."""
    command = [sys.executable, str(checkout / "benchmarks/analyze.py")]
    command += ["--contender", "analyze", str(clip), "1"]
    found = dict(os.environ, PYTHONPATH=str(checkout / "src"), OMP_NUM_THREADS="1")
    done = subprocess.run(command, env=found, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Measure in turns and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path, metavar="CHECKOUT")
    parser.add_argument("--faces", type=int, default=1)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    before, now = [], []
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        size = (args.height * 16 // 9, args.height)
        make_clip(clip, size, args.faces, CLIP_FRAMES)
        for _ in range(args.rounds):
            before.append(measure(args.before.resolve(), clip))
            now.append(measure(HERE, clip))
            print(f"{before[-1]} {now[-1]}", file=sys.stderr, flush=True)
    print("| figure | before | now | ratio |\n|---|---|---|---|")
    for name, digits in (("fps", 0), ("cpu_ms", 1)):
        ratio = statistics.median(
            b[name] / a[name] for a, b in zip(before, now, strict=True)
        )
        medians = [statistics.median(item[name] for item in side) for side in (before, now)]
        cells = [f"{value:.{digits}f}" for value in medians]
        print(f"| {name} | {' | '.join(cells)} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
