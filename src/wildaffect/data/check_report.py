"""Check of a folder, and its results as tables for all report formats."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from wildaffect.data.check import SplitCheck, check_split
from wildaffect.data.check_findings import (
    Finding,
    Level,
    findings_of_near_duplicates,
    findings_of_overlap,
    findings_of_split,
)
from wildaffect.data.check_images import ImageCheck, check_images, find_image_folder
from wildaffect.data.check_tables import tables_of
from wildaffect.data.leaks import (
    Pictures,
    find_near_duplicates,
    find_overlaps,
    hash_pictures,
)
from wildaffect.data.published import PUBLISHED
from wildaffect.formats.detect import Found
from wildaffect.formats.problems import Reading
from wildaffect.reporting.tables import TextTable


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport:
    """Check results of one layout below a folder."""

    title: str
    root: Path
    findings: tuple[Finding, ...]
    tables: tuple[TextTable, ...]
    remarks: tuple[str, ...]
    """Notes on the comparisons and samples."""

    def count(self, level: Level) -> int:
        """Return the number of findings of a level."""
        return sum(finding.level is level for finding in self.findings)

    def conclusion(self) -> str:
        """Return the conclusion in one sentence."""
        errors, warnings = self.count(Level.ERROR), self.count(Level.WARNING)
        counts = f"errors: {errors}, warnings: {warnings}"
        if errors:
            return f"{counts}; repair the errors first"
        return f"{counts}; {'read them before training' if warnings else 'ready to use'}"


def check_data(
    root: Path,
    found: Found,
    *,
    images: Path | None,
    max_images: int,
    on_step: Callable[[str], object] = lambda _: None,
) -> DataReport:
    """Read every split, count, and compare the splits with each other.

    Args:
        root: The folder that was checked.
        found: Layout found in it.
        images: Image folder, if it is not in the layout's usual place.
        max_images: Maximum number of pictures of each split to compare with other splits.
        on_step: Called with the name of each step.

    Raises:
        BadAnnotation: If a file is unusable.
    """
    checks: list[SplitCheck] = []
    for split, path in found.splits.items():
        on_step(f"reading {split}")
        reading = found.format.read(path, split)
        on_step(f"looking for the images of {split}")
        image_check = _images_of(reading, found, root, path, images)
        checks.append(
            check_split(split, reading, image_check, is_video=found.format.is_video)
        )
    findings: list[Finding] = []
    for check in checks:
        findings += findings_of_split(check, PUBLISHED.get((found.format.name, check.name)))
    for overlap in find_overlaps({check.name: check.annotations for check in checks}):
        findings += findings_of_overlap(overlap)
    more, remarks = _compare_pictures(checks, max_images, on_step)
    findings += more
    order = list(Level)
    sources = {
        published.source
        for check in checks
        if (published := PUBLISHED.get((found.format.name, check.name)))
    }
    return DataReport(
        title=found.format.title,
        root=root,
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.level))),
        tables=tuple(tables_of(checks, found)),
        remarks=(
            *remarks,
            *(f"Published counts: {source}." for source in sorted(sources)),
            *([f"Terms: {found.format.terms}."] if found.format.terms else []),
        ),
    )


def _images_of(
    reading: Reading, found: Found, root: Path, path: Path, given: Path | None
) -> ImageCheck | None:
    base = root if root.is_dir() else root.parent
    below = path if path.is_dir() else path.parent
    folders = found.format.image_folders
    candidates = [place / name for place in (base, below, below.parent) for name in folders]
    folder = given or find_image_folder(reading.annotations, candidates)
    if folder is None:
        return None
    return check_images(reading.annotations, folder, is_video=found.format.is_video)


def _compare_pictures(
    checks: Sequence[SplitCheck], max_images: int, on_step: Callable[[str], object]
) -> tuple[list[Finding], list[str]]:
    findings: list[Finding] = []
    without = [check.name for check in checks if check.images is None]
    remarks = []
    if without:
        remarks.append(
            f"No images found for {', '.join(without)}: missing images and equal pictures "
            "were not looked for; --images names their folder."
        )
    with_images = [
        check
        for check in checks
        if check.images and check.images.present.any() and not check.annotations.clip_level
    ]
    if len(with_images) < 2 or max_images < 1:
        return findings, remarks
    pictures: dict[str, Pictures] = {}
    for check in with_images:
        on_step(f"hashing pictures of {check.name}")
        pictures[check.name] = _hash(check, max_images)
        findings += _unreadable(check.name, pictures[check.name])
    for first, second in combinations(pictures, 2):
        duplicates = find_near_duplicates(first, pictures[first], second, pictures[second])
        findings += findings_of_near_duplicates(duplicates)
    sizes = ", ".join(
        f"{len(found.names):,} of {found.num_images:,} ({name})"
        for name, found in pictures.items()
    )
    remarks.append(f"Equal pictures were looked for among evenly spaced samples: {sizes}.")
    return findings, remarks


def _hash(check: SplitCheck, max_images: int) -> Pictures:
    images = check.images
    if images is None:
        raise ValueError(f"{check.name}: images must have been looked for")
    names = [
        path
        for path, is_there in zip(images.paths, images.present, strict=True)
        if is_there
    ]
    return hash_pictures(images.folder, names, max_images=max_images)


def _unreadable(split: str, pictures: Pictures) -> list[Finding]:
    if not pictures.num_unreadable:
        return []
    return [
        Finding(
            level=Level.ERROR,
            text=f"{split}: {pictures.num_unreadable:,} sampled images cannot be decoded",
            advice="unpack the archive again, then check with a greater --max-images",
            examples=pictures.unreadable,
        )
    ]
