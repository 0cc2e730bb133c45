"""The embedded models against the written rules, on generated scenes with exact truth.

    python benchmarks/default_model.py --models default open baseline-rules

Whole frames with people who enter, leave, cross and turn away go through the analyzer; what
it says of each face is held against what is exactly so of the person. Generated people are
no evidence of accuracy on real ones.
"""

import argparse
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from scene_scores import FaceCriteria, pair_boxes

from wildaffect.core.frames import Frame
from wildaffect.core.tasks import (
    ABAW_ACTION_UNIT_NUMBERS,
    ABAW_ACTION_UNITS,
    ABAW_EXPRESSIONS,
)
from wildaffect.inference.analyzer import AnalysisOptions, Analyzer
from wildaffect.inference.artifact import load_artifact
from wildaffect.metrics.agreement import AgreementSums
from wildaffect.metrics.counts import ConfusionCounts, UnitCounts
from wildaffect.synth.motion import FPS
from wildaffect.synth.scene import SceneFrame, draw_scene
from wildaffect.synth.statistics import STATISTICS

FIRST_IDENTITY = 7_000_000
"""Identity offset of people who are in no split of a world with a small seed."""
NUM_RESAMPLES = 1000


@dataclass
class Said:
    """Rows of all scenes: truth and predictions."""

    scene: list[int] = field(default_factory=list)
    truth: dict[str, list] = field(default_factory=lambda: defaultdict(list))
    predicted: dict[str, list] = field(default_factory=lambda: defaultdict(list))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=12)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--seed", type=int, default=900)
    parser.add_argument("--models", nargs="+", default=["default", "baseline-rules"])
    args = parser.parse_args()
    analyzers = {
        name: Analyzer(load_artifact(name), AnalysisOptions()) for name in args.models
    }
    rows = {name: Said() for name in args.models}
    for scene in range(args.scenes):
        cast = [FIRST_IDENTITY + 10 * (args.seed + scene) + i for i in range(6)]
        frames = list(
            draw_scene(
                (args.seed, scene),
                height=360,
                width=640,
                num_frames=args.frames,
                cast=cast,
            )
        )
        for name, analyzer in analyzers.items():
            hold(rows[name], scene, frames, analyzer)
    print("| model | CCC V | CCC A | EXPR F1 | AU F1 | sum [95 % over scenes] |")
    print("|---|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    draws = rng.integers(args.scenes, size=(NUM_RESAMPLES, args.scenes))
    sums = {}
    for name, row in rows.items():
        scores = score(row, np.arange(args.scenes))
        sums[name] = np.array([total(score(row, draw)) for draw in draws])
        low, high = np.nanquantile(sums[name], [0.025, 0.975])
        cells = " | ".join(f"{value:.3f}" for value in scores)
        print(f"| {name} | {cells} | {total(scores):.3f} [{low:.3f}, {high:.3f}] |")
    first, last = args.models[0], args.models[-1]
    low, high = np.nanquantile(sums[first] - sums[last], [0.025, 0.975])
    lead = total(score(rows[first], np.arange(args.scenes))) - total(
        score(rows[last], np.arange(args.scenes))
    )
    print(f"\n{first} over {last}: {lead:+.3f} [{low:+.3f}, {high:+.3f}], paired by scene")


def hold(into: Said, scene: int, frames: list[SceneFrame], analyzer: Analyzer) -> None:
    """Add what an analyzer says of a scene's faces, beside the truth."""
    stream = (Frame(index=f.index, time_s=f.index / FPS, rgb=f.rgb) for f in frames)
    by_frame = defaultdict(list)
    for result in analyzer.run(stream):
        if result.face is not None and result.affect is not None:
            by_frame[result.frame_index].append(result)
    criteria = FaceCriteria()
    thresholds = STATISTICS["balanced"].threshold
    for frame in frames:
        results = by_frame[frame.index]
        pairs, _ = pair_boxes(frame.people, [r.face.box_xyxy for r in results])
        for person, box in pairs.items():
            seen, affect = frame.people[person], results[box].affect
            if not criteria.covers(seen):
                continue
            into.scene.append(scene)
            into.truth["valence"].append(seen.valence)
            into.truth["arousal"].append(seen.arousal)
            into.truth["expression"].append(seen.expression)
            into.truth["units"].append(
                [
                    seen.intensities[i] > thresholds[number]
                    for i, number in enumerate(ABAW_ACTION_UNIT_NUMBERS)
                ]
            )
            into.predicted["valence"].append(affect.valence)
            into.predicted["arousal"].append(affect.arousal)
            into.predicted["expression"].append(ABAW_EXPRESSIONS.index(affect.expression))
            labels = analyzer.artifact.manifest.action_units.space.labels
            present = dict(zip(labels, affect.action_units_present, strict=True))
            into.predicted["units"].append(
                [bool(present[label]) for label in ABAW_ACTION_UNITS.labels]
            )


def score(one: Said, scenes: np.ndarray) -> tuple[float, ...]:
    """Return CCC of valence and arousal, macro-F1 and mean F1 over drawn scenes."""
    of = np.array(one.scene)
    at = np.concatenate([np.flatnonzero(of == scene) for scene in scenes])
    truth = {name: np.array(values)[at] for name, values in one.truth.items()}
    predicted = {name: np.array(values)[at] for name, values in one.predicted.items()}
    counts = ConfusionCounts.of(truth["expression"], predicted["expression"], num_classes=8)
    units = UnitCounts.of(truth["units"].astype(int), predicted["units"].astype(int))
    return (
        float(AgreementSums.of(truth["valence"], predicted["valence"]).ccc()),
        float(AgreementSums.of(truth["arousal"], predicted["arousal"]).ccc()),
        float(counts.macro_f1()),
        float(units.mean_f1()),
    )


def total(scores: tuple[float, ...]) -> float:
    """Return the multi-task score."""
    return (scores[0] + scores[1]) / 2 + scores[2] + scores[3]


if __name__ == "__main__":
    main()
