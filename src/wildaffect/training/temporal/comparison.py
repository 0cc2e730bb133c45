"""Comparison of recipes over several seeds, in pairs, on the same videos.

Symbols: S seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from wildaffect.calibration.ensembling import average
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.calibration import Calibration
from wildaffect.metrics.bootstrap import Interval, paired_bootstrap_over_runs
from wildaffect.metrics.scores import TaskScores, VideoStatistics
from wildaffect.training.core.scores import (
    labeled_tasks,
    score_sum,
    task_scores,
    why_undefined,
)
from wildaffect.training.temporal.calibrate_and_score import calibrate
from wildaffect.training.temporal.load import Split
from wildaffect.training.temporal.score import video_statistics

NUM_RESAMPLES = 2000
STEPS = ("raw", "smoothed", "calibrated")
"""Post-processing of the outputs, cumulative."""

Outputs = Sequence[SequenceOutputs]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Outputs of one recipe's runs on the scored videos."""

    name: str
    outputs: tuple[Outputs, ...]
    """Outputs of each seed."""
    calibrations: tuple[Calibration, ...]
    """Calibration of each seed, fitted on its dev split."""
    num_parameters: int
    seconds: float
    """Mean training time over the seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a comparison."""

    name: str
    step: str
    scores: dict[str, float]
    """Mean score over the seeds, per task and their sum."""
    sd: float
    """Standard deviation of the sum over the seeds; NaN for a single seed."""
    against: str
    """Name of the system to compare with; empty for none."""
    difference: Interval | None
    """Paired difference of the sum; videos and seeds resampled."""
    num_parameters: int = 0
    seconds: float = 0.0
    undefined: dict[str, str] = field(default_factory=dict)
    """Why a score is not a number in one of the seeds, for each that is not."""


class Comparison:
    """Scores systems on one split; every run is scored once.

    Args:
        split: Split to score on.
        tasks: Tasks that all systems predict.
        spaces: Label spaces.
        seed: Seed of the bootstrap.
    """

    def __init__(
        self, split: Split, tasks: Sequence[Task], spaces: LabelSpaces, *, seed: int
    ) -> None:
        self._split, self._tasks, self._spaces, self._seed = split, tasks, spaces, seed
        self._known: dict[tuple[str, str], list[VideoStatistics]] = {}

    def line(
        self, one: System, step: str, against: tuple[System, str] | None = None
    ) -> Line:
        """Return the scores of a system and its difference from `against`."""
        runs = self._statistics(one, step)
        pooled = [run.pooled() for run in runs]
        found = [task_scores(scores, self._tasks) for scores in pooled]
        sums = [scores["score"] for scores in found]
        difference = None
        if against is not None:
            difference = self._difference(runs, self._statistics(*against))
        return Line(
            name=one.name,
            step=step,
            scores={
                name: float(np.mean([scores[name] for scores in found]))
                for name in found[0]
            },
            sd=float(np.std(sums, ddof=1)) if len(sums) > 1 else float("nan"),
            against=f"{against[0].name}, {against[1]}" if against else "",
            difference=difference,
            num_parameters=one.num_parameters,
            seconds=one.seconds,
            undefined=dict(
                pair
                for scores in pooled
                for pair in why_undefined(scores, self._tasks).items()
            ),
        )

    def ensemble(self, name: str, members: Sequence[System]) -> System:
        """Return the ensemble of all runs of some systems, calibrated by cross-fitting.

        A member may have trained on the dev split of another, so the calibration is
        cross-fitted on the scored videos themselves.
        """
        outputs = average([run for member in members for run in member.outputs])
        fitted = calibrate(
            outputs,
            self._split.sequences,
            is_causal=False,
            seed=self._seed,
            spaces=self._spaces,
        )
        one = System(
            name=name,
            outputs=(outputs,),
            calibrations=(Calibration(),),
            num_parameters=sum(m.num_parameters * len(m.outputs) for m in members),
            seconds=sum(m.seconds * len(m.outputs) for m in members),
        )
        if fitted:
            named = zip(STEPS, fitted.steps, strict=True)
            self._known |= {(name, step): [found.out_of_sample] for step, found in named}
        return one

    def _statistics(self, one: System, step: str) -> list[VideoStatistics]:
        if (one.name, step) not in self._known:
            self._known[one.name, step] = [
                video_statistics(
                    self._split.sequences, outputs, _until(step, fitted), self._spaces
                )
                for outputs, fitted in zip(one.outputs, one.calibrations, strict=True)
            ]
        return self._known[one.name, step]

    def _difference(
        self, these: Sequence[VideoStatistics], those: Sequence[VideoStatistics]
    ) -> Interval:
        labeled = labeled_tasks(these[0].pooled(), self._tasks) or self._tasks

        def measure(scores: TaskScores) -> np.ndarray:
            return np.asarray(score_sum(scores, labeled))

        return paired_bootstrap_over_runs(
            these, those, measure, num_resamples=NUM_RESAMPLES, seed=self._seed
        )


def comparison_lines(
    comparison: Comparison,
    systems: Mapping[str, System],
    reference: str,
) -> list[Line]:
    """Return the rows of a comparison, as in the paper.

    Each system raw against the reference raw, smoothed against itself raw, and calibrated
    against itself smoothed; the ensemble of a system's seeds against its single runs; the
    ensemble of all runs against the best system.
    """
    base = systems[reference]
    lines = []
    for system in systems.values():
        lines += [
            comparison.line(system, "raw", None if system is base else (base, "raw")),
            comparison.line(system, "smoothed", (system, "raw")),
            comparison.line(system, "calibrated", (system, "smoothed")),
        ]
        if len(system.outputs) > 1:
            joined = comparison.ensemble(f"{system.name}, ensemble of seeds", [system])
            lines.append(comparison.line(joined, "raw", (system, "raw")))
            lines.append(comparison.line(joined, "calibrated", (system, "calibrated")))
    if len(systems) > 1:
        best = max(
            systems.values(),
            key=lambda one: comparison.line(one, "raw").scores["score"],
        )
        everyone = comparison.ensemble("ensemble of all", list(systems.values()))
        lines += [
            comparison.line(everyone, "raw", (best, "raw")),
            comparison.line(everyone, "smoothed", (everyone, "raw")),
            comparison.line(everyone, "calibrated", (best, "calibrated")),
        ]
    return lines


def _until(step: str, fitted: Calibration) -> Calibration:
    if step == "raw":
        return Calibration()
    if step == "smoothed":
        return replace(Calibration(), smoothing=fitted.smoothing)
    return fitted
