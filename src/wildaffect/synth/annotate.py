"""Simulated annotators of a video, with lag, smoothing, bias, confusions and gaps.

Symbols: T video frames.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.tasks import ABAW_ACTION_UNIT_NUMBERS
from wildaffect.synth.behavior import Behavior
from wildaffect.synth.facs import COLUMN
from wildaffect.synth.motion import FPS
from wildaffect.synth.noise import wander
from wildaffect.synth.prototypes import EXPRESSIONS, SIMILAR
from wildaffect.synth.statistics import Statistics

MAX_LAG_S = 0.8
"""Lag of the traces; real ones lag by 1 to 6 s (Mariooryad and Busso 2015)."""
SMOOTHING_S = 0.5
GOLDEN = 0.6180339887
"""Multiples of it modulo 1 are evenly distributed over [0, 1)."""


def annotate(
    behavior: Behavior,
    seed: tuple[int, ...],
    statistics: Statistics,
    *,
    place: float = 0.5,
) -> TaskColumns:
    """Return the annotations of every frame of a video; the seed determines their errors.

    Valence and arousal have three decimals.

    Args:
        behavior: Behavior in the video.
        seed: Seed of the video.
        statistics: Error rates of the annotators.
        place: Number in [0, 1), evenly distributed over the videos of a set; determines
            which labels the video has, so that their shares are met in small sets too.
    """
    rng = np.random.default_rng((*seed, 0xA770))
    valid = _carried(rng, len(behavior), statistics, place)
    every_unit = np.repeat(valid["a"][:, None], len(ABAW_ACTION_UNIT_NUMBERS), axis=1)
    return TaskColumns(
        valence=TaskColumn(_traced(rng, behavior.valence), valid["v"]),
        arousal=TaskColumn(_traced(rng, behavior.arousal), valid["v"]),
        expression=TaskColumn(_named(rng, behavior, statistics), valid["e"]),
        action_units=TaskColumn(_coded(rng, behavior, statistics), every_unit),
    )


def _traced(rng: np.random.Generator, state: NDArray[np.float32]) -> NDArray[np.float32]:
    lag = round(rng.uniform(0.2, MAX_LAG_S) * FPS)
    width = round(SMOOTHING_S * FPS)
    padded = np.concatenate([np.full(lag + width - 1, state[0]), state])
    smooth = np.convolve(padded, np.full(width, 1 / width), mode="valid")[: len(state)]
    own = rng.normal(1, 0.08) * smooth + rng.normal(0, 0.04)
    own = own + wander(rng, len(state), 1 / FPS, 0.7, 0.03)
    return np.clip(own, -1, 1).round(3).astype(np.float32)


def _named(
    rng: np.random.Generator, behavior: Behavior, statistics: Statistics
) -> NDArray[np.int64]:
    late = round(rng.uniform(0, 0.4) * FPS)
    truth = behavior.expression
    seen = np.concatenate([np.full(late, truth[0]), truth])[: len(truth)]
    starts = np.flatnonzero(np.diff(seen, prepend=-1))
    named = seen.copy()
    for start, stop in zip(starts, [*starts[1:], len(seen)], strict=True):
        if rng.random() < statistics.confusion:
            others = SIMILAR[EXPRESSIONS[seen[start]]]
            named[start:stop] = EXPRESSIONS.index(str(rng.choice(others)))
    return named.astype(np.int64)


def _coded(
    rng: np.random.Generator, behavior: Behavior, statistics: Statistics
) -> NDArray[np.int8]:
    columns = []
    for number in ABAW_ACTION_UNIT_NUMBERS:
        doubt = wander(rng, len(behavior), 1 / FPS, 0.8, 0.06)
        strict = statistics.threshold[number] * rng.lognormal(0, 0.10)
        columns.append(behavior.intensities[:, COLUMN[number]] + doubt > strict)
    return np.stack(columns, 1).astype(np.int8)


def _carried(
    rng: np.random.Generator, num: int, statistics: Statistics, place: float
) -> dict[str, NDArray[np.bool_]]:
    names = list(statistics.patterns)
    shares = np.array(list(statistics.patterns.values()))
    shares = shares / shares.sum()
    cuts = [0, num]
    if rng.random() < statistics.broken_videos:
        cuts = [0, *sorted(rng.integers(0, num, rng.integers(1, 4)).tolist()), num]
    valid = {letter: np.zeros(num, bool) for letter in "vea"}
    for turn, (start, stop) in enumerate(pairwise(cuts)):
        drawn = (place + turn * GOLDEN) % 1
        carried = names[min(int(np.searchsorted(np.cumsum(shares), drawn)), len(names) - 1)]
        for letter in carried:
            valid[letter][start:stop] = True
    return valid
