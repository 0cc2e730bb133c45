"""Time the feature store: writing a corpus, reading whole videos and windows.

    python benchmarks/feature_store.py --rows 150000 --columns 1600 --videos 500

Reads are timed one by one in random order with the operating system's cache as writing left
it; every read opens its entry anew.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from wildaffect.features.records import FeatureTable, Provenance
from wildaffect.features.store import EntryName, FeatureStore

FROM = Provenance(content_sha256="none", preprocess_sha256="none", weights_sha256="none")
WINDOW = 64


def main() -> None:
    """Write a corpus into a temporary folder and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=150_000)
    parser.add_argument("--columns", type=int, default=1_600)
    parser.add_argument("--videos", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=None)
    args = parser.parse_args()
    print(f"{args.rows} rows of {args.columns} columns in {args.videos} videos\n")
    print("| type | written in | size | whole video, median (95 %) | window of 64 rows |")
    print("| --- | --- | --- | --- | --- |")
    for dtype in ("float16", "float32"):
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            print(time_store(FeatureStore(Path(folder)), dtype, args), flush=True)


def time_store(store: FeatureStore, dtype: str, args: argparse.Namespace) -> str:
    """Return one row of the table."""
    rng = np.random.default_rng(0)
    lengths = np.diff(np.linspace(0, args.rows, args.videos + 1).astype(int))
    columns = tuple(f"c{i}" for i in range(args.columns))
    values = rng.normal(size=(lengths.max(), args.columns)).astype(np.float32)
    start = time.perf_counter()
    for video, length in enumerate(lengths):
        store.write(
            FeatureTable(
                feature_set="set",
                video=f"video{video}",
                track="0",
                columns=columns,
                frame_number=np.arange(length),
                time_s=np.arange(length) / 30,
                values=values[:length],
                provenance=FROM,
            ),
            dtype,
        )
    written_s = time.perf_counter() - start
    size_mb = sum(p.stat().st_size for p in store.root.rglob("*") if p.is_file()) / 1e6
    names = [EntryName("set", f"video{v}", "0") for v in rng.permutation(args.videos)]
    whole = time_each(lambda name: store.open(name).read(), names)
    first = int(lengths.min() // 2)
    window = slice(first, first + WINDOW)
    part = time_each(lambda name: store.open(name).read(window), names)
    opened = [store.open(name) for name in names]
    ready = time_each(lambda stored: stored.read(window), opened)
    return (
        f"| {dtype} | {written_s:.1f} s | {size_mb:.0f} MB | {whole} ms "
        f"| {part} ms; {ready} ms if open |"
    )


def time_each(read: Callable[[Any], object], items: list[Any]) -> str:
    """Return median and 95th percentile of the milliseconds that `read` takes."""
    took = []
    for item in items:
        start = time.perf_counter()
        read(item)
        took.append(1e3 * (time.perf_counter() - start))
    return f"{np.median(took):.2f} ({np.quantile(took, 0.95):.2f})"


if __name__ == "__main__":
    main()
