"""Comparison of generated label statistics with the counted ones; draws no picture.

    python benchmarks/label_statistics.py --videos 300 --seeds 41 42 43 44 45

prints, for `wild`, the shares over the seeds beside the counted ones and the largest
distance of any seed; for `balanced`, the smallest and largest share.
"""

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS
from wildaffect.synth.plan import annotations_of, plan_world
from wildaffect.synth.presets import PRESETS
from wildaffect.synth.statistics import (
    ACTION_UNIT_BAND,
    EXPRESSION_BAND,
    VALID_BAND,
    WILD_ACTION_UNIT_SHARES,
    WILD_EXPRESSION_SHARES,
    WILD_VALID_SHARES,
    StatisticsName,
)

Shares = dict[str, NDArray[np.floating]]
WANTED = {
    "expressions": (WILD_EXPRESSION_SHARES, EXPRESSION_BAND),
    "action units": (WILD_ACTION_UNIT_SHARES, ACTION_UNIT_BAND),
    "labeled rows": (np.array(list(WILD_VALID_SHARES.values())), VALID_BAND),
}
NAMES = {
    "expressions": ABAW_EXPRESSIONS.labels,
    "action units": ABAW_ACTION_UNITS.labels,
    "labeled rows": tuple(WILD_VALID_SHARES),
}


def main() -> None:
    """Print both kinds of statistics."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(41, 51)))
    args = parser.parse_args()
    for name in ("wild", "balanced"):
        found = [measure(name, seed, args.videos) for seed in args.seeds]
        print(f"\n{name}, {args.videos} videos, seeds {' '.join(map(str, args.seeds))}")
        for kind in WANTED:
            _print(name, kind, np.stack([shares[kind] for shares in found]))
        for kind in ("gap median", "gap mean", "repeated rows"):
            values = np.stack([shares[kind] for shares in found])
            print(
                f"{kind}: mean {values.mean():.3f}, {values.min():.3f}-{values.max():.3f}"
            )


def _print(name: StatisticsName, kind: str, shares: NDArray[np.floating]) -> None:
    """Print the shares of one kind; shape (S seeds, names)."""
    wanted, band = WANTED[kind]
    print(f"{kind}:")
    for column, label in enumerate(NAMES[kind]):
        values = 100 * shares[:, column]
        print(
            f"  {label}: mean {values.mean():.1f} %, {values.min():.1f} to "
            f"{values.max():.1f}, counted {100 * wanted[column]:.1f}"
        )
    if name == "wild":
        off = np.abs(shares - wanted).max(1)
        print(
            f"  largest distance of a seed {100 * off.max():.1f} points, median seed "
            f"{100 * np.median(off):.1f}; {np.sum(off <= band)} of {len(off)} seeds within "
            f"{100 * band:.1f}"
        )


def measure(name: StatisticsName, seed: int, num_videos: int) -> Shares:
    """Return every share of one set of videos."""
    preset = replace(
        PRESETS["wild" if name == "wild" else "bench"], people={"train": num_videos}
    )
    videos = plan_world(preset, seed=seed, statistics=name, size_px=112)
    rows = annotations_of(videos, source=name, with_repeats=True)
    gaps = np.concatenate([np.diff(video.frame_numbers) for video in videos])
    repeated = 1 - len(set(rows.images)) / len(rows)
    return {
        **_label_shares(rows),
        "gap median": np.array(np.median(gaps)),
        "gap mean": np.array(gaps.mean()),
        "repeated rows": np.array(repeated),
    }


def _label_shares(rows: Annotations) -> Shares:
    coded = rows.action_units.valid.all(1)
    named = np.bincount(rows.expression.values[rows.expression.valid], minlength=8)
    valid = {"v": rows.valence.valid, "e": rows.expression.valid, "a": coded}
    every = valid["v"] & valid["e"] & valid["a"]
    return {
        "expressions": named / named.sum(),
        "action units": rows.action_units.values[coded].mean(0),
        "labeled rows": np.array([*(valid[k].mean() for k in "vea"), every.mean()]),
    }


if __name__ == "__main__":
    main()
