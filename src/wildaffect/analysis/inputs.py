"""Inputs of a command: files, folders and lists of videos, with their options."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wildaffect.analysis.folder import plan_results
from wildaffect.analysis.naming import NamedSource
from wildaffect.analysis.neutral import (
    NeutralChoice,
    measure_neutral,
    parse_neutral,
)
from wildaffect.analysis.options import ReadOptions
from wildaffect.analysis.video_list import ListedVideo, is_video_list, read_video_list
from wildaffect.core.errors import UnreadableVideo
from wildaffect.inference.analyzer import Analyzer
from wildaffect.inference.manifest import Manifest
from wildaffect.video.expand import Inputs, Skipped, Source, expand_inputs
from wildaffect.video.inputs import SourceLike


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedInputs:
    """Sources with the names of their results, and the options of the listed ones."""

    named: tuple[NamedSource, ...]
    listed: dict[tuple[SourceLike, str | None], ListedVideo]
    failed: tuple[UnreadableVideo, ...]
    skipped: tuple[Skipped, ...]

    def read(self, named: NamedSource, default: ReadOptions) -> ReadOptions:
        """Return the reading options of a source."""
        listed = self.listed.get((named.source, named.id))
        return replace(default, **listed.read) if listed else default

    def neutral(self, named: NamedSource, default: str | Path) -> str | Path:
        """Return the neutral face of a source, as given."""
        listed = self.listed.get((named.source, named.id))
        return (listed.neutral if listed else None) or default


def plan_inputs(
    inputs: Sequence[str | Path | int], out: Path, suffix: str, read: ReadOptions
) -> PlannedInputs:
    """Find the sources of a command and name their results.

    Raises:
        UnreadableVideo: If there are no inputs, or the only one fails.
        UsageError: If a list of videos has a wrong line, or as `plan_results`.
        OutputError: As `plan_results`.
    """
    listed = [
        video
        for given in inputs
        if is_video_list(given)
        for video in read_video_list(Path(given), read.images)
    ]
    others = [given for given in inputs if not is_video_list(given)]
    found = Inputs((), (), ())
    if others or not listed:
        found = expand_inputs(others, images=read.images, leave_out=out)
    sources: list[Source] = [*found.sources, *(video.source for video in listed)]
    return PlannedInputs(
        named=tuple(plan_results(sources, out, suffix)),
        listed={(video.source.source, video.source.id): video for video in listed},
        failed=found.failed,
        skipped=found.skipped,
    )


class NeutralChoices:
    """Neutral faces by the text that chooses them; each file is measured once.

    Args:
        manifest: Model that reads changes relative to the neutral.
        analyzer: Returns the analyzer that measures files; called if there is one.
    """

    def __init__(self, manifest: Manifest, analyzer: Callable[[], Analyzer]) -> None:
        self._manifest, self._analyzer = manifest, analyzer
        self._choices: dict[str | Path, NeutralChoice] = {}

    def of(self, given: str | Path) -> NeutralChoice:
        """Return the choice; errors are those of `choose_neutral`."""
        if given not in self._choices:
            parsed = parse_neutral(given, self._manifest)
            if isinstance(parsed, Path):
                parsed = measure_neutral(parsed, self._analyzer())
            self._choices[given] = parsed
        return self._choices[given]
