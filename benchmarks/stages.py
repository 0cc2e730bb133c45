"""CPU time of each stage of `analyze`, in milliseconds a frame.

    python benchmarks/stages.py [--heights 360 720 1080 2160 --faces 1 2 --rounds 3]

The whole analysis with a CSV table, on clips of benchmarks/analyze.py; stages run one after
another in one thread, networks are loaded before the clock starts. In use, decoding and
scan are one thread, and each of the others is one. Medians of the rounds.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from analyze import make_clip

STAGES = ("decode to RGB", "scan", "track", "measure", "predict, write")


class Clock:
    """CPU time until each stage has its items, including all stages before it."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)

    def of(self, stage: str, items: Iterable[Any]) -> Iterator[Any]:
        """Yield the items and count the time they take."""
        iterator = iter(items)
        while True:
            began_s = time.process_time()
            try:
                item = next(iterator)
            except StopIteration:
                return
            finally:
                self.spent_s[stage] += time.process_time() - began_s
            yield item


def measure(clip: Path) -> dict[str, float]:
    """Return CPU milliseconds a frame of each stage, after a run that does not count."""
    import wildaffect.inference.analyzer as analyzer_module
    from wildaffect.analysis.files import run_job
    from wildaffect.analysis.job import FileJob
    from wildaffect.analysis.options import ColumnOptions, ReadOptions, build_analyzer

    analyzer = build_analyzer()

    def run() -> dict[str, float]:
        clock = Clock()
        stages = iter(STAGES[1:-1])

        def in_line(
            items: Iterable[Any], *, depth: int, apply: Callable[[Any], Any] | None = None
        ) -> Iterator[Any]:
            del depth
            if apply:
                items = map(apply, clock.of(STAGES[0], items))
            return clock.of(next(stages), items)

        analyzer_module.prefetch = in_line
        with tempfile.TemporaryDirectory() as folder:
            job = FileJob(
                source=clip,
                results=(Path(folder) / "x.csv",),
                read=ReadOptions(),
                columns=ColumnOptions(),
            )
            began_s = time.process_time()
            summary = run_job(job, analyzer, lambda _info, _frame: None).summary
            clock.spent_s[STAGES[-1]] = time.process_time() - began_s
        spent_s = [0.0, *(clock.spent_s[stage] for stage in STAGES)]
        return {
            stage: 1e3 * (after - before) / summary.num_frames
            for stage, (before, after) in zip(STAGES, pairwise(spent_s), strict=True)
        }

    run()
    return run()


def main() -> None:
    """Print a table, or measure one clip for it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--heights", type=int, nargs="+", default=[360, 720, 1080, 2160])
    parser.add_argument("--faces", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.clip:
        print(json.dumps(measure(args.clip)))
        return
    print(f"| clip | faces | {' | '.join(STAGES)} | sum |\n|{'---|' * (len(STAGES) + 3)}")
    with tempfile.TemporaryDirectory() as folder:
        for height in args.heights:
            for faces in args.faces:
                clip = Path(folder) / "clip.mp4"
                size = (height * 16 // 9, height)
                make_clip(clip, size, faces, args.frames)
                command = [sys.executable, __file__, "--clip", str(clip)]
                rounds = [
                    json.loads(subprocess.check_output(command, text=True))
                    for _ in range(args.rounds)
                ]
                medians = [
                    statistics.median(measured[stage] for measured in rounds)
                    for stage in STAGES
                ]
                cells = [f"{value:.1f}" for value in [*medians, sum(medians)]]
                print(f"| {size[0]}x{height} | {faces} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
