"""One causal window per row, offline and in a stream, with equal results.

Symbols: T rows, L rows of one window, D features, K outputs.
"""

from itertools import pairwise

import numpy as np

from wildaffect.core.streaming import Finished, Floats, Predict
from wildaffect.core.windows import (
    TIME_TOLERANCE_S,
    CausalWindow,
    FloatArray,
    LeftPaddedWindow,
    check_times,
    longest_gap_s,
)


def causal_windows(times_s: FloatArray, spec: CausalWindow) -> list[slice]:
    """Return the rows that each row sees, itself among them, in order of time.

    Raises:
        ValueError: If the times are not finite and strictly ascending, shape (T,).
    """
    check_times(times_s)
    breaks = np.flatnonzero(np.diff(times_s) > longest_gap_s(spec)) + 1
    windows = []
    for first, stop in pairwise([0, *breaks.tolist(), len(times_s)]):
        for row in range(stop - first):
            seen = _seen_from(row, times_s[first:stop], spec)
            windows.append(slice(first + seen.start, first + seen.stop))
    return windows


def padding_times_s(first_s: float, since_s: float, step_s: float) -> FloatArray:
    """Return the times of the left padding, ascending, none before `since_s`."""
    num_rows = max(0, int((first_s - since_s) / step_s))
    return first_s - step_s * np.arange(num_rows, 0, -1, dtype=np.float64)


def causal_padding_s(times_s: FloatArray, own_s: float, spec: CausalWindow) -> FloatArray:
    """Return the times at which a window's first row is repeated in front of it.

    Args:
        times_s: Times of the rows of the window, shape (L,).
        own_s: Time of the row whose window it is.
        spec: Spec of the window.
    """
    if spec.lead_step_s is None:
        return np.zeros(0)
    return padding_times_s(float(times_s[0]), _start_s(own_s, spec), spec.lead_step_s)


def left_padding_s(first_s: float, spec: LeftPaddedWindow) -> FloatArray:
    """Return the times at which the first row of a training window is repeated."""
    since_s = first_s - spec.length_s + TIME_TOLERANCE_S
    return padding_times_s(first_s, since_s, spec.lead_step_s)


def run_causal(
    predict: Predict, times_s: FloatArray, rows: Floats, spec: CausalWindow
) -> Floats:
    """Return the output of a model for each row from its own window, shape (T, K).

    Args:
        predict: The model, called once per row.
        times_s: Strictly ascending, shape (T,).
        rows: Features, shape (T, D).
        spec: Extent of a row's window before and after it.

    Raises:
        ValueError: If times do not ascend, or the model does not return finite values of
            shape (L, K) for a window.
    """
    outputs = [
        _ask(predict, times_s[seen], rows[seen], row - seen.start, spec)
        for row, seen in enumerate(causal_windows(times_s, spec))
    ]
    return np.array(outputs) if outputs else np.zeros((0, 0))


class StreamingCausal:
    """Runs a model on every row as soon as all rows of its window are there.

    However the rows are divided into pushes, the outputs are those of `run_causal` to the
    last bit. A row is returned as soon as a row `delay_s` later has arrived: immediately if
    that is 0. Only the rows within `length_s`, and those of one push, are buffered.
    """

    def __init__(self, predict: Predict, spec: CausalWindow) -> None:
        self._predict = predict
        self._spec = spec
        self._times_s: FloatArray = np.zeros(0)
        self._rows: Floats = np.zeros((0, 0))
        self._num_done = 0
        """Returned rows of the run, kept as the past of later rows."""
        self._outputs: Floats = np.zeros((0, 0))

    @property
    def num_held(self) -> int:
        """Number of buffered rows, returned or not."""
        return len(self._times_s)

    def push(self, times_s: FloatArray, rows: Floats) -> Finished:
        """Take rows, shape (T, D), and return those that are now final.

        Raises:
            ValueError: If times do not ascend strictly, also over pushes, the number of
                times differs from that of rows, or the model returns another shape or
                values not finite.
        """
        together = np.concatenate([self._times_s[-1:], times_s])
        check_times(together)
        if rows.ndim != 2 or len(rows) != len(times_s):
            raise ValueError(
                f"push: rows must have shape ({len(times_s)}, D), got {rows.shape}"
            )
        is_break = np.diff(together) > longest_gap_s(self._spec)
        breaks = np.flatnonzero(is_break) + len(times_s) - len(is_break)
        finished: list[Finished] = []
        for first, stop in pairwise(sorted({0, *breaks.tolist(), len(times_s)})):
            if first in breaks:
                finished += self._end_run()
            finished += self._extend(times_s[first:stop], rows[first:stop])
        return self._join(finished)

    def flush(self) -> Finished:
        """End the sequence and return the buffered rows."""
        return self._join(self._end_run())

    def _extend(self, times_s: FloatArray, rows: Floats) -> list[Finished]:
        held = self._rows if len(self._times_s) else rows[:0]
        self._times_s = np.concatenate([self._times_s, times_s])
        self._rows = np.concatenate([held, rows])
        last_s = self._times_s[-1]
        is_final = _end_s(self._times_s, self._spec) <= last_s
        finished = self._answer(max(int(is_final.sum()), self._num_done))
        oldest_s = _start_s(float(self._times_s[-1]), self._spec)
        if self._num_done < len(self._times_s):
            oldest_s = _start_s(float(self._times_s[self._num_done]), self._spec)
        num_old = min(int(np.searchsorted(self._times_s, oldest_s)), self._num_done)
        self._times_s, self._rows = self._times_s[num_old:], self._rows[num_old:]
        self._num_done -= num_old
        return finished

    def _end_run(self) -> list[Finished]:
        finished = self._answer(len(self._times_s))
        self._times_s, self._rows, self._num_done = np.zeros(0), self._rows[:0], 0
        return finished

    def _answer(self, num_final: int) -> list[Finished]:
        """Run the windows of the rows that are final now."""
        outputs = []
        for row in range(self._num_done, num_final):
            seen = _seen_from(row, self._times_s, self._spec)
            times_s, rows = self._times_s[seen], self._rows[seen]
            place = row - seen.start
            outputs.append(_ask(self._predict, times_s, rows, place, self._spec))
        times_s = self._times_s[self._num_done : num_final]
        self._num_done = num_final
        if not outputs:
            return []
        self._outputs = np.array(outputs)
        return [Finished(times_s, self._outputs)]

    def _join(self, finished: list[Finished]) -> Finished:
        nothing = Finished(np.zeros(0), self._outputs[:0])
        times_s, outputs = zip(*(finished or [nothing]), strict=True)
        return Finished(np.concatenate(times_s), np.concatenate(outputs))


def _start_s(time_s: float, spec: CausalWindow) -> float:
    """Return the earliest time that the row at `time_s` sees."""
    return time_s + spec.delay_s - spec.length_s + TIME_TOLERANCE_S


def _end_s(times_s: FloatArray, spec: CausalWindow) -> FloatArray:
    """Return the time from which a row is the last that the rows at `times_s` see."""
    return times_s + (spec.delay_s - TIME_TOLERANCE_S if spec.delay_s else 0.0)


def _seen_from(row: int, times_s: FloatArray, spec: CausalWindow) -> slice:
    """Return the rows of one run that a row sees.

    The last is the first row at the end of its window, as far as time stamps show: the row
    does not wait for later rows.
    """
    start = int(np.searchsorted(times_s, _start_s(float(times_s[row]), spec)))
    last = max(int(np.searchsorted(times_s, _end_s(times_s[row], spec))), row)
    latest_s = times_s[row] + spec.delay_s + TIME_TOLERANCE_S
    is_seen = last < len(times_s) and (last == row or times_s[last] <= latest_s)
    return slice(min(start, row), last + 1 if is_seen else last)


def _ask(
    predict: Predict, times_s: FloatArray, rows: Floats, row: int, spec: CausalWindow
) -> Floats:
    """Return the output of a model for one row of a window, shape (K,)."""
    lead_s = causal_padding_s(times_s, float(times_s[row]), spec)
    times_s = np.concatenate([lead_s, times_s])
    rows = np.concatenate([np.repeat(rows[:1], len(lead_s), axis=0), rows])
    output = predict(rows, times_s)
    if output.ndim != 2 or len(output) != len(rows) or not np.isfinite(output).all():
        raise ValueError(
            f"window of {len(rows)} rows must give finite values of shape "
            f"({len(rows)}, K), got shape {output.shape} with "
            f"{int((~np.isfinite(output)).sum())} not finite"
        )
    answer: Floats = output[len(lead_s) + row]
    return answer
