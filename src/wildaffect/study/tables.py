"""Tables of a study, for R and pandas and for its page."""

from collections.abc import Sequence
from math import isnan

import pyarrow as pa

from wildaffect.reporting.tables import TextTable
from wildaffect.study.compare import Comparison
from wildaffect.study.curves import Window


def curves_table(comparison: Comparison, window: Window) -> pa.Table:
    """Return the mean curves: a row per condition, signal and step."""
    rows = [
        {
            "condition": condition.name,
            "signal": signal,
            "time_s": time_s,
            "mean": interval.mean[step],
            "low": interval.low[step],
            "high": interval.high[step],
            "num_participants": int(interval.num_people[step]),
        }
        for condition in comparison.conditions
        for signal, interval in zip(
            comparison.signals, comparison.curves[condition.name], strict=True
        )
        for step, time_s in enumerate(window.times_s.round(9).tolist())
    ]
    return _table(rows)


def participants_table(comparison: Comparison) -> pa.Table:
    """Return the mean over the window: a row per participant, condition and signal."""
    rows = [
        {
            "participant": participant,
            "condition": condition.name,
            "signal": signal,
            "value": condition.means[person, place],
            "num_trials": condition.num_trials[person],
        }
        for condition in comparison.conditions
        for person, participant in enumerate(condition.participants)
        for place, signal in enumerate(comparison.signals)
    ]
    return _table(rows)


def differences_table(comparison: Comparison) -> pa.Table:
    """Return the differences: a row per pair of conditions and signal."""
    rows = [
        {
            "signal": each.signal,
            "first": each.first,
            "second": each.second,
            "design": each.design,
            "num_participants": each.num_participants,
            "difference": each.difference,
            "low": each.low,
            "high": each.high,
            "effect_size": each.effect_size,
        }
        for each in comparison.differences
    ]
    return _table(rows)


def differences_text(comparison: Comparison) -> TextTable:
    """Return the differences for people; those whose interval is apart from 0 stand out."""
    rows = []
    for each in comparison.differences:
        is_apart = each.low > 0 or each.high < 0
        is_known = not isnan(each.low)
        rows.append(
            (
                f"{each.signal}: {each.first} - {each.second}",
                f"{each.difference:+.3f}",
                f"[{each.low:+.3f}, {each.high:+.3f}]" if is_known else "-",
                "-" if isnan(each.effect_size) else f"{each.effect_size:+.2f}",
                str(each.num_participants),
                "apart from 0" if is_apart else "" if is_known else "too few vary",
            )
        )
    designs = {each.design for each in comparison.differences}
    effect = " and ".join(
        {"within": "d_z (within)", "between": "Cohen's d (between)"}[design]
        for design in sorted(designs)
    )
    return TextTable(
        title="Differences between conditions",
        header=("signal", "difference", "95 % interval", "effect", "n", ""),
        rows=tuple(rows),
        note=f"Means over the window, over participants; effect: {effect}. Not corrected "
        "for the number of comparisons.",
    )


def _table(rows: Sequence[dict[str, object]]) -> pa.Table:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return pa.table(
        {name: pa.array(cells, from_pandas=True) for name, cells in columns.items()}
    )
