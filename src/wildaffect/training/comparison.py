"""Several recipes over several seeds, scored on the same videos and compared in pairs.

Symbols: S seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.ensembling import average
from wildaffect.metrics.bootstrap import Interval, paired_bootstrap_over_runs
from wildaffect.metrics.scores import TaskScores, VideoStatistics
from wildaffect.training.calibrate_and_score import calibrate, sum_of
from wildaffect.training.load import Split
from wildaffect.training.score import task_scores, video_statistics

NUM_RESAMPLES = 2000
STEPS = ("raw", "smoothed", "calibrated")
"""How outputs are read; each with all before it."""

Outputs = Sequence[SequenceOutputs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """The runs of one recipe: what each says of the scored videos."""

    name: str
    outputs: tuple[Outputs, ...]
    """Of each seed."""
    calibrations: tuple[Calibration, ...]
    """Of each seed, fitted on people set aside from its training."""
    num_parameters: int
    seconds: float
    """Of training, the mean over the seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a comparison."""

    name: str
    step: str
    scores: dict[str, float]
    """By task and their sum, the mean over the seeds."""
    sd: float
    """Of the sum over the seeds; NaN for one."""
    against: str
    """What it is compared with; empty for nothing."""
    difference: Interval | None
    """Of the sum; videos and seeds resampled."""
    num_parameters: int = 0
    seconds: float = 0.0


class Comparison:
    """Scores contenders on one split; every run is scored once.

    Args:
        split: Whose labels judge.
        tasks: That all contenders predict.
        spaces: Of the labels.
        seed: Of the resamples.
    """

    def __init__(
        self, split: Split, tasks: Sequence[Task], spaces: LabelSpaces, *, seed: int
    ) -> None:
        self._split, self._tasks, self._spaces, self._seed = split, tasks, spaces, seed
        self._known: dict[tuple[str, str], list[VideoStatistics]] = {}

    def line(
        self, one: Contender, step: str, against: tuple[Contender, str] | None = None
    ) -> Line:
        """Return the scores of a contender and its difference from `against`."""
        runs = self._statistics(one, step)
        found = [task_scores(run.pooled(), self._tasks) for run in runs]
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
        )

    def ensemble(self, name: str, members: Sequence[Contender]) -> Contender:
        """Return all runs of some contenders as one, calibrated crosswise.

        Members may have trained on one another's people set aside, so the calibration is
        fitted on the scored videos themselves, each under a fit without its fold.
        """
        outputs = average([run for member in members for run in member.outputs])
        fitted = calibrate(
            outputs,
            self._split.sequences,
            is_causal=False,
            seed=self._seed,
            spaces=self._spaces,
        )
        one = Contender(
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

    def _statistics(self, one: Contender, step: str) -> list[VideoStatistics]:
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
        def measure(scores: TaskScores) -> np.ndarray:
            return np.asarray(sum_of(scores, self._tasks))

        return paired_bootstrap_over_runs(
            these, those, measure, num_resamples=NUM_RESAMPLES, seed=self._seed
        )


def comparison_lines(
    comparison: Comparison,
    contenders: Mapping[str, Contender],
    reference: str,
) -> list[Line]:
    """Return the paper's kind of table.

    Every contender raw against the reference raw, smoothed against itself raw, calibrated
    against itself smoothed; the runs of a contender averaged against its single runs; all
    runs together against the best contender.
    """
    base = contenders[reference]
    lines = []
    for contender in contenders.values():
        lines += [
            comparison.line(contender, "raw", None if contender is base else (base, "raw")),
            comparison.line(contender, "smoothed", (contender, "raw")),
            comparison.line(contender, "calibrated", (contender, "smoothed")),
        ]
        if len(contender.outputs) > 1:
            joined = comparison.ensemble(f"{contender.name}, seeds together", [contender])
            lines.append(comparison.line(joined, "raw", (contender, "raw")))
            lines.append(comparison.line(joined, "calibrated", (contender, "calibrated")))
    if len(contenders) > 1:
        best = max(
            contenders.values(),
            key=lambda one: comparison.line(one, "raw").scores["score"],
        )
        everyone = comparison.ensemble("all together", list(contenders.values()))
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
