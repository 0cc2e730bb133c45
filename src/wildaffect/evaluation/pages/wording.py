"""Phrases and number formats shared by all pages of a report."""

from wildaffect.core.hashes import InputFiles
from wildaffect.core.tasks import Task
from wildaffect.evaluation.report import Difference, InSample, Report, Score
from wildaffect.metrics.bootstrap import MANY_VIDEOS, MIN_VIDEOS

TASK_TITLES = {
    Task.VALENCE: "Valence",
    Task.AROUSAL: "Arousal",
    Task.EXPRESSION: "Perceived expression",
    Task.ACTION_UNITS: "Action units",
    Task.DIMENSIONS: "Dimensions",
    Task.INTENSITIES: "Intensities",
}
NO_DIFFERENCE = "no significant difference"
MAX_GROUPS = 20
"""Videos or persons that Markdown lists; the others are in HTML and JSON."""


def number(value: float | None) -> str:
    """Return a score with three decimals, or a dash if it is not defined."""
    return "-" if value is None else f"{value:z.3f}"


def signed(value: float | None) -> str:
    """Return a difference with three decimals and its sign."""
    return "-" if value is None else f"{value:+z.3f}"


def percent(value: float | None) -> str:
    """Return a share; 100% only if it is all."""
    if value is None:
        return "-"
    text = f"{value:.1%}"
    return "99.9%" if text == "100.0%" and value < 1 else text


def interval(score: Score) -> str:
    """Return the interval of a score."""
    if score.low is None or score.high is None:
        return "-"
    return f"{score.low:z.3f} to {score.high:z.3f}"


def signed_interval(score: Score) -> str:
    """Return the interval of a difference."""
    if score.low is None or score.high is None:
        return "-"
    return f"{signed(score.low)} to {signed(score.high)}"


def in_sample_sentence(found: InSample, num_videos: int) -> str:
    """Return the statement on tuning on the evaluated videos."""
    match found.state:
        case "not declared":
            return (
                "Not declared whether anything was tuned on these videos; if so, the "
                "scores are too high."
            )
        case "no":
            return "Declared: nothing was tuned on these videos."
        case "yes":
            some = ", ".join(found.examples)
            more = ", ..." if found.num_videos > len(found.examples) else ""
            return (
                f"In-sample: something was tuned on {found.num_videos:,} of "
                f"{num_videos:,} evaluated videos ({some}{more}); the scores are too high."
            )


def interval_sentence(report: Report) -> str:
    """Return the description of the bootstrap."""
    how = report.resampling
    if how.num_videos < MIN_VIDEOS:
        return f"No intervals: they need at least {MIN_VIDEOS} videos."
    resamples = (
        f"{how.num_resamples:,} resamples of {how.num_videos:,} whole videos (seed "
        f"{how.seed})."
    )
    if how.num_videos < MANY_VIDEOS:
        return f"Intervals: {how.confidence:.0%}, by Student's t from {resamples}"
    return f"Intervals: {how.confidence:.0%} of {resamples}"


def contents_sentence(report: Report) -> str:
    """Return the amount of annotations."""
    parts = [
        _count(report.num_rows, "annotated row", "annotated rows"),
        _count(report.num_videos, "video", "videos"),
    ]
    if report.num_subjects is not None:
        parts.append(_count(report.num_subjects, "person", "people"))
    if report.num_repeats:
        parts.append(f"{_count(report.num_repeats, 'repeat', 'repeats')}, kept")
    return ", ".join(parts)


def input_sentence(found: InputFiles) -> str:
    """Return the name of an input with its hash."""
    files = f" ({found.num_files:,} files)" if found.num_files > 1 else ""
    return f"{found.name}{files}, sha256 {found.sha256 or 'unknown'}"


def input_lines(report: Report) -> list[tuple[str, str]]:
    """Return what was compared by which rules, as pairs of name and text."""
    other = report.comparison and report.comparison.other
    return [
        ("predictions", input_sentence(report.predictions)),
        ("annotations", input_sentence(report.annotations)),
        *([("compared with", input_sentence(other))] if other else []),
        ("rule", report.rule_missing),
        ("rule", report.rule_absent),
        *(("note", note) for note in report.notes),
        ("made by", f"wildaffect {report.wildaffect_version}"),
    ]


def conclusion(difference: Difference) -> str:
    """Return whether the interval of a difference excludes 0, in words."""
    low, high = difference.score.low, difference.score.high
    if low is None or high is None:
        return "-"
    if low <= 0 <= high:
        return NO_DIFFERENCE
    better = (low > 0) != difference.score.name.endswith((".mse", ".mae"))
    return "better" if better else "worse"


def overall_title(report: Report) -> str:
    """Return the name of the overall score; departures from the protocol change it."""
    return "P, with departures" if report.departures else "P"


def score_title(score: Score, report: Report) -> str:
    """Return the name of a score, including the overall score."""
    return overall_title(report) if score.name == "overall" else score.title


def summary_line(report: Report) -> str:
    """Return the result in one line."""
    head = f"{report.protocol}: "
    if report.overall is not None:
        shown = number(report.overall.value)
        head += f"{overall_title(report)} {shown} ({interval(report.overall)}), "
    else:
        kept = [s for s in report.scores if s.name.endswith((".ccc", "_f1"))]
        head += "".join(f"{score.title} {number(score.value)}, " for score in kept)
    return f"{head}{contents_sentence(report)}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
