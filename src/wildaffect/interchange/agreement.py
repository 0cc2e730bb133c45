"""How far two programs agree on the same faces, signal by signal."""

from dataclasses import dataclass

import numpy as np

from wildaffect.interchange.foreign import FaceTable
from wildaffect.interchange.pairing import Pairs, pair_rows
from wildaffect.interchange.stored import Floats
from wildaffect.metrics.agreement import concordance_correlation
from wildaffect.metrics.raters import (
    AgreementLimits,
    agreement_limits,
    cohens_kappa,
    intraclass_correlation,
)

MAX_LAG_S = 2.0
"""Largest lag that is looked for, either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalAgreement:
    """Agreement on one column; fields that do not fit its kind are None."""

    name: str
    num_pairs: int
    """Rows in which both programs have a value."""
    coverage: float
    """The same as a share of the rows in which either has one."""
    icc: float | None = None
    """ICC(A,1)."""
    ccc: float | None = None
    kappa: float | None = None
    """Cohen's kappa of decisions."""
    limits: AgreementLimits | None = None
    """Of the differences, ours less theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Delay of the second program at which the signals correlate most."""

    seconds: float
    correlation: float
    """Mean correlation of the signals at that delay."""
    correlation_now: float
    """The same without a delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Comparison of two tables."""

    programs: tuple[str, str]
    files: tuple[str, str]
    num_rows: tuple[int, int]
    """Rows with a face in each table."""
    num_pairs: int
    """Rows that are about the same face in the same frame."""
    shift_s: float
    """Seconds that were added to the times of the second table."""
    lag: Lag | None
    signals: tuple[SignalAgreement, ...]


def compare_tables(first: FaceTable, second: FaceTable, shift_s: float = 0.0) -> Agreement:
    """Return the agreement of two tables on the columns that both have.

    Values are compared only in the same unit: decisions with decisions, intensities with
    intensities, probabilities with probabilities.

    Raises:
        OutputError: As `pair_rows` does.
    """
    pairs = pair_rows(first, second, shift_s)
    names = [name for name in first.values if name in second.values]
    return Agreement(
        programs=(first.program, second.program),
        files=(first.path.name, second.path.name),
        num_rows=(int(first.valid.sum()), int(second.valid.sum())),
        num_pairs=len(pairs),
        shift_s=shift_s,
        lag=_lag(first, second, pairs, names),
        signals=tuple(_signal(name, first, second, pairs) for name in names),
    )


def _signal(
    name: str, first: FaceTable, second: FaceTable, pairs: Pairs
) -> SignalAgreement:
    ours, theirs = first.values[name], second.values[name]
    left, right = ours[pairs[:, 0]], theirs[pairs[:, 1]]
    both = np.isfinite(left) & np.isfinite(right)
    either = int(np.isfinite(ours).sum() + np.isfinite(theirs).sum() - both.sum())
    left, right, count = left[both], right[both], int(both.sum())
    coverage = count / either if either else float("nan")
    if name.endswith("_present"):
        kappa = cohens_kappa(left, right)
        return SignalAgreement(name=name, num_pairs=count, coverage=coverage, kappa=kappa)
    return SignalAgreement(
        name=name,
        num_pairs=count,
        coverage=coverage,
        icc=intraclass_correlation(np.stack([left, right], 1)),
        ccc=concordance_correlation(left, right),
        limits=agreement_limits(left, right),
    )


def _lag(first: FaceTable, second: FaceTable, pairs: Pairs, names: list[str]) -> Lag | None:
    """Return the lag in the person of the first table with most pairs; None if unknown."""
    people = [first.face[row] for row in pairs[:, 0].tolist()]
    if not people:
        return None
    person = max(sorted(set(people)), key=people.count)
    kept = pairs[[name == person for name in people]]
    order = np.argsort(first.time_s[kept[:, 0]])
    kept, times_s = kept[order], np.sort(first.time_s[kept[:, 0]])
    if len(times_s) < 10:
        return None
    step = float(np.median(np.diff(times_s)))
    place = np.round((times_s - times_s[0]) / step).astype(int)
    series = []
    for name in names:
        if name.endswith("_present"):
            continue
        grids = np.full((2, place[-1] + 1), np.nan)
        grids[0, place] = first.values[name][kept[:, 0]]
        grids[1, place] = second.values[name][kept[:, 1]]
        series.append(grids)
    reach = min(round(MAX_LAG_S / step), place[-1] // 2)
    lags = np.arange(-reach, reach + 1)
    scores = np.array([_mean_correlation(series, int(lag)) for lag in lags])
    if not np.isfinite(scores).any():
        return None
    best = int(np.nanargmax(scores))
    return Lag(
        seconds=float(lags[best] * step),
        correlation=float(scores[best]),
        correlation_now=float(scores[reach]),
    )


def _mean_correlation(series: list[Floats], lag: int) -> float:
    found = []
    for ours, theirs in series:
        left = ours[: len(ours) - lag] if lag >= 0 else ours[-lag:]
        right = theirs[lag:] if lag >= 0 else theirs[:lag]
        both = np.isfinite(left) & np.isfinite(right)
        left, right = left[both], right[both]
        if len(left) >= 10 and left.std() > 0 and right.std() > 0:
            found.append(float(np.corrcoef(left, right)[0, 1]))
    return float(np.mean(found)) if found else float("nan")
