"""Text for the methods section of a paper, from what was done."""

from collections.abc import Mapping, Sequence
from typing import Any

from wildaffect.core.printable import counted
from wildaffect.study.compare import Comparison
from wildaffect.study.curves import TrialCurves, Window


def methods_text(
    comparison: Comparison,
    window: Window,
    *,
    used: Sequence[TrialCurves],
    num_excluded: int,
    num_resamples: int,
    models: Sequence[Mapping[str, Any]],
    versions: Sequence[str],
    num_incomplete: int,
) -> str:
    """Return a paragraph that states version, model, settings and missing data.

    Args:
        comparison: The result.
        window: Time that was compared.
        used: Trials that were used.
        num_excluded: Number of trials that were not.
        num_resamples: Resamples for each interval.
        models: Name, version and sha256 of each model, from the results' sidecars.
        versions: Versions of wildaffect that made the results.
        num_incomplete: Number of used trials whose video could not be read to its end.
    """
    described = " and ".join(
        f"{model.get('name', '?')} {model.get('version', '')}".strip()
        + f" (sha256 {str(model.get('sha256', '?'))[:12]})"
        for model in models
        if model
    )
    missing = 1 - sum(each.usable_share for each in used) / len(used)
    num_corrected = sum(each.baseline is not None for each in used)
    correction = (
        "No baseline was subtracted."
        if not num_corrected
        else f"In {num_corrected} of {len(used)} trials the mean of the trial's baseline "
        "interval was subtracted from each signal."
    )
    broken = (
        f"{counted(num_incomplete, 'trial')} came from videos that could not be read to "
        "their end. "
        if num_incomplete
        else ""
    )
    groups = ", ".join(
        f"{condition.name} ({counted(len(condition.participants), 'participant')}, "
        f"{counted(sum(condition.num_trials), 'trial')})"
        for condition in comparison.conditions
    )
    return (
        f"Perceived facial behavior was estimated with wildaffect {', '.join(versions)}, "
        f"model {described or 'unknown'}. Signals ({', '.join(comparison.signals)}) were "
        f"averaged in steps of {window.step_s:g} s from {window.start_s:g} s to "
        f"{window.stop_s:g} s relative to the onset of the stimulus. {correction} "
        f"{counted(num_excluded, 'trial')} of {len(used) + num_excluded} "
        f"{'was' if num_excluded == 1 else 'were'} excluded; in those used, "
        f"{missing:.1%} of the steps had no readable face and were left out. {broken}"
        f"Trials were averaged within participants before conditions were compared: "
        f"{groups}. Intervals are 95 % studentized bootstrap intervals over participants "
        f"({num_resamples:,} resamples), not corrected for the number of comparisons "
        f"({len(comparison.differences)})."
    )
