"""Time the annotation readers and the writer on a million invented rows.

Run: python benchmarks/formats.py [ROWS]
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from wildaffect.formats.affwild2_mtl import HEADER, read_mtl, write_mtl
from wildaffect.formats.affwild2_va import read_va, write_va


def write_rows(path: Path, num_rows: int) -> None:
    """Write a multi-task annotation file of `num_rows` distinct rows."""
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 1, (num_rows, 2))
    classes = rng.integers(-1, 8, num_rows)
    units = rng.integers(0, 2, (num_rows, 12))
    with path.open("w") as file:
        file.write(HEADER + "\n")
        for row in range(num_rows):
            bits = ",".join(map(str, units[row]))
            file.write(
                f"video{row // 2000}/{row % 2000 + 1:05d}.jpg,{values[row, 0]:.6f},"
                f"{values[row, 1]:.6f},{classes[row]},{bits}\n"
            )


def main() -> None:
    """Print seconds for each step."""
    num_rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training_set_annotations.txt"
        write_rows(path, num_rows)
        start = time.perf_counter()
        annotations = read_mtl(path).annotations
        print(f"read  multi-task {num_rows:,} rows: {time.perf_counter() - start:.2f} s")
        start = time.perf_counter()
        write_mtl(annotations, Path(folder) / "written.txt")
        print(f"write multi-task {num_rows:,} rows: {time.perf_counter() - start:.2f} s")
        write_va(annotations, Path(folder) / "va")
        start = time.perf_counter()
        read_va(Path(folder) / "va")
        num_videos = len(annotations.videos)
        took = time.perf_counter() - start
        print(f"read  valence-arousal {num_videos} videos, {num_rows:,} rows: {took:.2f} s")


if __name__ == "__main__":
    main()
