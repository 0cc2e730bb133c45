"""Findings of a data check, with advice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wildaffect.data.check import SplitCheck
from wildaffect.data.leaks import NearDuplicates, Overlap
from wildaffect.data.published import Published
from wildaffect.formats.problems import Kind

_SHOWN = 3
_WORDS = {
    Kind.UNREADABLE_ROW: "lines that cannot be read",
    Kind.BAD_NAME: "lines whose image or frame is unknown",
    Kind.MISSING_PART: "images without all their label files",
    Kind.UNREADABLE_VALUE: "fields that are no number",
    Kind.OUT_OF_RANGE: "fields outside their code",
    Kind.EMPTY_FILE: "videos without a label line",
    Kind.MIXED_CRITERION: "videos whose units use different criteria",
}
_ADVICE = {
    Kind.UNREADABLE_ROW: "repair the lines: they give no row and are lost",
    Kind.BAD_NAME: "repair the names: the rows are lost",
    Kind.MISSING_PART: "unpack the archive again: these images are lost",
    Kind.UNREADABLE_VALUE: "repair the fields, or continue: they count as not annotated",
    Kind.OUT_OF_RANGE: "repair the fields, or continue: they count as not annotated",
    Kind.EMPTY_FILE: "nothing, unless the archive has lines there",
    Kind.MIXED_CRITERION: "remember it when comparing with occurrence codes",
}


class Level(StrEnum):
    """Severity of a finding."""

    ERROR = "error"
    """The data are wrong or incomplete; exit status 1."""
    WARNING = "warning"
    """Results may be wrong or not comparable."""
    NOTE = "note"
    """Expected, for information."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding, with advice."""

    level: Level
    text: str
    advice: str
    examples: tuple[str, ...] = ()
    """Examples: a few of `file:line: ...` or names."""


def findings_of_split(check: SplitCheck, published: Published | None) -> list[Finding]:
    """Return the findings of one split."""
    return [
        *_from_problems(check),
        *_from_repeats(check),
        *_from_labels(check),
        *_from_images(check),
        *_from_published(check, published),
    ]


def findings_of_overlap(overlap: Overlap) -> list[Finding]:
    """Return the videos, recordings and subjects that two splits share by name."""
    between = f"{overlap.first} and {overlap.second}"
    found = []
    for names, what in ((overlap.videos, "videos"), (overlap.subjects, "people")):
        if names:
            found.append(
                Finding(
                    level=Level.ERROR,
                    text=f"{what} in both {between}: {len(names):,}",
                    advice="move each to one split: scores would be optimistically biased",
                    examples=_first(names),
                )
            )
    if overlap.recordings:
        found.append(
            Finding(
                level=Level.WARNING,
                text=f"recordings of which {overlap.first} has one person and "
                f"{overlap.second} another: {len(overlap.recordings):,}",
                advice="keep both people in one split if you resplit: light, camera and "
                "talk are the same",
                examples=_first(overlap.recordings),
            )
        )
    return found


def findings_of_near_duplicates(duplicates: NearDuplicates) -> list[Finding]:
    """Return the near duplicates of two splits."""
    if not duplicates.pairs:
        return []
    return [
        Finding(
            level=Level.WARNING,
            text=f"near duplicates in {duplicates.first} and {duplicates.second}: "
            f"{len(duplicates.pairs):,} pairs of {duplicates.num_compared[0]:,} and "
            f"{duplicates.num_compared[1]:,} compared",
            advice="open the pairs: the same video under two names must be in one split",
            examples=_first(f"{first} = {second}" for first, second in duplicates.pairs),
        )
    ]


def _from_problems(check: SplitCheck) -> list[Finding]:
    return [
        Finding(
            level=Level.ERROR if Kind(kind).is_error else Level.NOTE,
            text=f"{check.name}: {_WORDS[Kind(kind)]}: {len(problems):,}",
            advice=_ADVICE[Kind(kind)],
            examples=_first(map(str, problems)),
        )
        for kind, problems in check.problems_by_kind.items()
    ]


def _from_repeats(check: SplitCheck) -> list[Finding]:
    found = []
    if check.conflicts:
        found.append(
            Finding(
                level=Level.ERROR,
                text=f"{check.name}: rows that contradict an earlier row of their frame: "
                f"{len(check.conflicts):,}",
                advice="decide which is right and remove the other; both count until then",
                examples=_first(check.conflicts),
            )
        )
    if check.num_repeats:
        found.append(
            Finding(
                level=Level.NOTE,
                text=f"{check.name}: rows that repeat an earlier: {check.num_repeats:,}",
                advice="nothing: the official scores count them, and they are kept",
            )
        )
    return found


def _from_labels(check: SplitCheck) -> list[Finding]:
    found = []
    if check.half_labeled:
        found.append(
            Finding(
                level=Level.NOTE,
                text=f"{check.name}: rows with one of valence and arousal: "
                f"{check.half_labeled:,}",
                advice="nothing: each has its own mask",
            )
        )
    if check.unlabeled:
        found.append(
            Finding(
                level=Level.NOTE,
                text=f"{check.name}: rows without any label: {check.unlabeled:,}",
                advice="nothing: they are context for temporal models and never scored",
            )
        )
    return found


def _from_images(check: SplitCheck) -> list[Finding]:
    images = check.images
    if images is None or not images.missing:
        return []
    what = "videos" if check.annotations.clip_level else "images"
    advice = (
        "unpack every archive of images; faces that the authors' detector did not find "
    )
    advice += "stay missing, and such frames take their neighbor's features"
    if check.annotations.clip_level:
        advice = "unpack every archive of videos; labels of missing ones are not used"
    return [
        Finding(
            level=Level.WARNING,
            text=f"{check.name}: annotated {what} that are not in {images.folder}: "
            f"{len(images.missing):,}",
            advice=advice,
            examples=_first(images.missing),
        )
    ]


def _from_published(check: SplitCheck, published: Published | None) -> list[Finding]:
    if published is None:
        return []
    pairs = (
        ("rows", len(check.annotations), published.num_rows),
        ("videos", len(check.annotations.videos), published.num_videos),
        ("valence/arousal labels", check.valence_arousal, published.valence_arousal),
        ("expression labels", check.expression, published.expression),
        ("action-unit labels", check.action_units, published.action_units),
    )
    differing = [
        f"{name}: {got:,} here, {wanted:,} published ({got - wanted:+,})"
        for name, got, wanted in pairs
        if wanted is not None and got != wanted
    ]
    if not differing:
        return []
    return [
        Finding(
            level=Level.WARNING,
            text=f"{check.name}: counts are not those published of the official split",
            advice="expected for a subset, a resplit or generated data; else the "
            "archive is another edition or incomplete: scores are not comparable",
            examples=tuple(differing),
        )
    ]


def _first(examples: Iterable[str] | Sequence[str]) -> tuple[str, ...]:
    items = list(examples)
    more = len(items) - _SHOWN
    return (*items[:_SHOWN], *([f"and {more:,} more"] if more > 0 else []))
