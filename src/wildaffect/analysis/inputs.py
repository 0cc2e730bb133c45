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
from wildaffect.storage.addresses import is_remote, name_of, without_credentials
from wildaffect.storage.remote import RemoteError, find
from wildaffect.video.expand import Inputs, Skipped, Source, expand_inputs
from wildaffect.video.inputs import VIDEO_SUFFIXES, SourceLike
from wildaffect.video.pixels import is_image_name


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
    inputs: Sequence[str | Path | int], out: str | Path, suffix: str, read: ReadOptions
) -> PlannedInputs:
    """Find the sources of a command and name their results.

    Raises:
        UnreadableVideo: If there are no inputs, or the only one fails.
        UsageError: If a list of videos has a wrong line, or as `plan_results`.
        OutputError: As `plan_results`.
    """
    listed: list[ListedVideo] = []
    remote = Inputs((), (), ())
    others: list[str | Path | int] = []
    for given in inputs:
        if is_remote(given):
            remote = _joined(remote, _find_remote(str(given), is_only=len(inputs) == 1))
        elif is_video_list(given):
            listed += read_video_list(Path(given), read.images)
        else:
            others.append(given)
    found = remote
    if others or not (listed or remote != Inputs((), (), ())):
        leave_out = None if is_remote(out) else Path(out)
        found = _joined(
            expand_inputs(others, images=read.images, leave_out=leave_out), remote
        )
    sources: list[Source] = [*found.sources, *(video.source for video in listed)]
    return PlannedInputs(
        named=tuple(plan_results(sources, out, suffix)),
        listed={(video.source.source, video.source.id): video for video in listed},
        failed=found.failed,
        skipped=found.skipped,
    )


def _find_remote(address: str, *, is_only: bool) -> Inputs:
    """Return a remote file, or the videos and pictures in a remote folder."""
    try:
        found = find(address)
    except RemoteError as error:
        name = without_credentials(address)
        failure = UnreadableVideo(name, str(error).removeprefix(f"{name}: "))
        if is_only:
            raise failure from error
        return Inputs((), (), (failure,))
    if found == [address]:
        return Inputs((Source(name_of(address), address=address),), (), ())
    top = name_of(address)
    sources, skipped = [], []
    for each in found:
        path = name_of(each)
        if is_image_name(path) or path.suffix.lower() in VIDEO_SUFFIXES:
            inside = path.parent.relative_to(top)
            sources.append(Source(path, inside, address=each))
        else:
            reason = "neither video nor image by its name"
            skipped.append(Skipped(Path(without_credentials(each)), reason))
    return Inputs(tuple(sources), tuple(skipped), ())


def _joined(first: Inputs, second: Inputs) -> Inputs:
    return Inputs(
        first.sources + second.sources,
        first.skipped + second.skipped,
        first.failed + second.failed,
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
