"""Source of a person's neutral face: the option `--neutral`."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from wildaffect.analysis.neutral_faces import face_size_px, median_face, usable_faces
from wildaffect.analysis.options import ReadOptions
from wildaffect.core.errors import UsageError
from wildaffect.inference.analyzer import Analyzer
from wildaffect.inference.manifest import Manifest, NeutralPolicy
from wildaffect.inference.neutral import Neutral, NeutralOf
from wildaffect.outputs.resume import stamp
from wildaffect.video.inputs import Arrays, SourceLike

AUTO, NONE = "auto", "none"
SETTLE_S = 1.0
"""Time to read beyond a span, until every track in it has its final number."""

SPAN = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
"""A range in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neutrals:
    """Neutral faces for the tracks of one source."""

    of_track: NeutralOf
    are_shared: bool = False
    """True if one person's neutral is used for every track."""


class NeutralChoice(Protocol):
    """Policy for neutral faces."""

    def describe(self) -> dict[str, Any]:
        """Return the description for a sidecar."""
        ...

    def check(self, source: SourceLike | Arrays, read: ReadOptions) -> None:
        """Reject sources that it cannot be used for.

        Raises:
            UsageError: If the source is one of them.
        """
        ...

    def neutrals(
        self, analyzer: Analyzer, source: SourceLike | Arrays, read: ReadOptions
    ) -> Neutrals:
        """Return the neutral faces for the tracks of a source.

        Raises:
            UsageError: If no face was found where one is expected.
        """
        ...


@dataclass(frozen=True, slots=True)
class EstimatedNeutral:
    """Neutral face of each track, estimated during the video by the model's policy."""

    def describe(self) -> dict[str, Any]:
        """Return the description for a sidecar."""
        return {"policy": "estimated", "source": "calm frames of each track"}

    def check(self, source: SourceLike | Arrays, read: ReadOptions) -> None:
        """Accept any source."""

    def neutrals(
        self,
        analyzer: Analyzer,
        source: SourceLike | Arrays,  # noqa: ARG002 - the same for all
        read: ReadOptions,  # noqa: ARG002
    ) -> Neutrals:
        """Return the analyzer's estimate."""
        return Neutrals(of_track=analyzer.estimated_neutral)


@dataclass(frozen=True, slots=True)
class UnusedNeutral(EstimatedNeutral):
    """No neutral face, as the model reads nothing against one."""

    def describe(self) -> dict[str, Any]:
        """Return the description for a sidecar."""
        return {"policy": "unused", "source": None}


@dataclass(frozen=True, slots=True)
class PopulationNeutral:
    """Population average of faces at rest, for every person."""

    policy: NeutralPolicy

    def describe(self) -> dict[str, Any]:
        """Return the description for a sidecar."""
        return {"policy": "population", "source": None}

    def check(self, source: SourceLike | Arrays, read: ReadOptions) -> None:
        """Accept any source."""

    def neutrals(
        self,
        analyzer: Analyzer,  # noqa: ARG002 - the same for all
        source: SourceLike | Arrays,  # noqa: ARG002
        read: ReadOptions,  # noqa: ARG002
    ) -> Neutrals:
        """Return the population's for every track."""
        return Neutrals(of_track=lambda _: Neutral(self.policy))


@dataclass(frozen=True, slots=True)
class FileNeutral:
    """The largest face of a picture or video, for every track of every source."""

    path: Path
    face: NeutralOf

    def describe(self) -> dict[str, Any]:
        """Return the description for a sidecar."""
        return {"policy": "given", "source": str(self.path)} | stamp(self.path)

    def check(self, source: SourceLike | Arrays, read: ReadOptions) -> None:
        """Accept any source."""

    def neutrals(
        self,
        analyzer: Analyzer,  # noqa: ARG002 - the same for all
        source: SourceLike | Arrays,  # noqa: ARG002
        read: ReadOptions,  # noqa: ARG002
    ) -> Neutrals:
        """Return the face of the file for every track."""
        return Neutrals(of_track=self.face, are_shared=True)


@dataclass(frozen=True, slots=True)
class SpanNeutral:
    """Time span of each source in which people show a neutral face.

    If it shows one person, every track is measured relative to that face, as with a file;
    if several, each relative to their own, and people outside the span relative to the
    estimate.
    """

    start_s: float
    stop_s: float
    policy: NeutralPolicy

    def describe(self) -> dict[str, Any]:
        """Return the description for a sidecar."""
        span = {"start_s": self.start_s, "stop_s": self.stop_s}
        return {"policy": "given", "source": "this video"} | span

    def check(self, source: SourceLike | Arrays, read: ReadOptions) -> None:
        """Reject live sources, which are read only once, and photographs, without time.

        Raises:
            UsageError: If the source is one of them.
        """
        if isinstance(source, int | str):
            raise UsageError(
                f"{source}: a span for --neutral needs a video that can be read twice, got "
                "a live source; give a picture of the neutral face"
            )
        if read.pictures(source):
            raise UsageError(
                f"--neutral {self.start_s:g}-{self.stop_s:g}: photographs have no time; "
                "give a picture of the neutral face"
            )

    def neutrals(
        self, analyzer: Analyzer, source: SourceLike | Arrays, read: ReadOptions
    ) -> Neutrals:
        """Return the neutrals of the people in the span, which is read first.

        Raises:
            UsageError: If the span has no usable face, or is outside the analyzed part and
                shows several people.
        """
        before = self.start_s < (read.start_s or 0.0)
        after = read.stop_s is not None and self.stop_s > read.stop_s
        is_inside = not (before or after)
        wanted = replace(read, stop_s=self.stop_s + SETTLE_S)
        if not is_inside:
            wanted = replace(read, start_s=self.start_s, stop_s=self.stop_s)
        with wanted.open(source) as reader:
            faces = usable_faces(
                row
                for row in analyzer.measure(reader)
                if self.start_s <= row.time_s < self.stop_s
            )
            name = reader.info.name
        if not faces:
            raise UsageError(
                f"{name}: no usable face between {self.start_s:g} and {self.stop_s:g} s; "
                "choose a span for --neutral in which the face is seen well"
            )
        of_each = {key: median_face(rows, self.policy) for key, rows in faces.items()}
        if len(of_each) == 1:
            return Neutrals(of_track=next(iter(of_each.values())), are_shared=True)
        if not is_inside:
            raise UsageError(
                f"{name}: {len(of_each)} people between {self.start_s:g} and "
                f"{self.stop_s:g} s, outside the analyzed part, so that they cannot "
                "be followed from there; choose a span inside it or with one person"
            )
        estimated = analyzer.estimated_neutral
        return Neutrals(of_track=lambda key: of_each.get(key, estimated)(key))


def choose_neutral(given: str | Path, analyzer: Analyzer) -> NeutralChoice:
    """Parse `--neutral`; a file is measured immediately, by the analyzer.

    Raises:
        UsageError: As `parse_neutral`, or if the file shows no usable face.
        UnreadableVideo: If the file is no picture and no video.
    """
    parsed = parse_neutral(given, analyzer.artifact.manifest)
    return measure_neutral(parsed, analyzer) if isinstance(parsed, Path) else parsed


def parse_neutral(given: str | Path, manifest: Manifest) -> NeutralChoice | Path:
    """Parse `--neutral`, and return a file unread.

    Args:
        given: `auto`, `none`, `START-END` in seconds, or a picture or video. For a file of
            such a name include its folder, as in `./none`.
        manifest: Model that reads changes relative to the neutral.

    Raises:
        UsageError: If it is none of these, or the model reads no changes relative to a
            neutral face.
    """
    if str(given) == AUTO:
        return EstimatedNeutral() if manifest.neutral else UnusedNeutral()
    if manifest.neutral is None:
        raise UsageError(
            f"--neutral {given}: the model {manifest.name} reads nothing against a neutral "
            "face; leave the option out"
        )
    if str(given) == NONE:
        return PopulationNeutral(manifest.neutral)
    span = SPAN.fullmatch(str(given))
    if span and isinstance(given, str):
        start_s, stop_s = float(span[1]), float(span[2])
        if start_s >= stop_s:
            raise UsageError(f"--neutral {given}: the start must lie before the end")
        return SpanNeutral(start_s, stop_s, manifest.neutral)
    if not Path(given).is_file():
        raise UsageError(
            f"--neutral {given}: no such file; give a picture or video, START-END in "
            f"seconds, {AUTO} or {NONE}"
        )
    return Path(given)


def measure_neutral(path: Path, analyzer: Analyzer) -> FileNeutral:
    """Measure the largest face of a picture or video.

    Raises:
        UsageError: If it shows no usable face, or the model needs none.
        UnreadableVideo: If the file is no picture and no video.
    """
    policy = analyzer.artifact.manifest.neutral
    if policy is None:
        raise UsageError(
            f"--neutral {path}: the model reads nothing against a neutral face"
        )
    with ReadOptions().open(path) as reader:
        rows = list(analyzer.measure(reader))
    faces = usable_faces(rows)
    if not faces:
        problem = "its face is too small, blurred, turned or hidden" if rows else "no face"
        raise UsageError(
            f"--neutral {path}: {problem}; give a sharp frontal picture of one face"
        )
    largest = max(faces.values(), key=face_size_px)
    return FileNeutral(path, median_face(largest, policy))
