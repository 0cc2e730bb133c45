"""Text for the methods section of a paper, from results and their sidecars."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from wildaffect.core.faces import Status
from wildaffect.core.printable import counted, printable

TO_ADD = (
    "where the material is from, how it was recorded, and who consented to what",
    "people, trials and frames that were excluded, and why, per condition",
    "the unit of analysis, and a test that accounts for dependent frames of one person",
    "agreement with human coding of a sample of your material, per output, with intervals",
    "thresholds, smoothing or aggregation of your own",
)
"""What results cannot tell."""


@dataclass(frozen=True, slots=True)
class DescribedResult:
    """The sidecar of a result and the counts of its rows."""

    sidecar: Mapping[str, Any]
    num_frames: int
    num_rows: Mapping[str, int]
    """Status -> number of rows."""


def describe_result(sidecar: Mapping[str, Any], table: pa.Table) -> DescribedResult:
    """Count the rows and frames of a result."""
    statuses = Counter(table.column("status").to_pylist())
    frames = table.column("frame").unique()
    return DescribedResult(sidecar, len(frames), statuses)


def methods_text(results: Sequence[DescribedResult]) -> str:
    """Return a paragraph, and below it a list of what has to be added by hand."""
    versions = _distinct(str(result.sidecar["wildaffect_version"]) for result in results)
    models = _distinct(_model(result.sidecar["artifact"]) for result in results)
    neutral = _distinct(_neutral(result.sidecar) for result in results)
    sentences = [
        f"Perceived facial behavior was estimated with wildaffect {', '.join(versions)}.",
        f"The model was {' and '.join(models)}.",
        *_distinct(_sources(result.sidecar["artifact"]) for result in results),
        f"{_material(results)}.",
        *_distinct(_sampling(result.sidecar["options"]) for result in results),
        *neutral,
        _missing(results),
        *_distinct(_thresholds(result.sidecar) for result in results),
        "Values describe what observers would perceive, not what a person feels.",
    ]
    paragraph = printable(" ".join(filter(None, sentences)))
    return "\n".join([paragraph, "", "To be added by hand:", *(f"- {t}" for t in TO_ADD)])


def _distinct(values: Any) -> list[str]:
    return list(dict.fromkeys(values))


def _model(artifact: Mapping[str, Any]) -> str:
    name = f"{artifact['name']} {artifact['version']}"
    return f"{name} (sha256 {str(artifact['sha256'])[:12]})"


def _sources(artifact: Mapping[str, Any]) -> str:
    sources = "; ".join(
        f"{source['name']}: {source['license']}" for source in artifact["sources"]
    )
    return f"Model {artifact['name']} was made from {sources}." if sources else ""


def _material(results: Sequence[DescribedResult]) -> str:
    kinds = Counter(_kind(result.sidecar["source"]) for result in results)
    total_s = sum(result.sidecar["source"].get("duration_s") or 0 for result in results)
    listed = "; ".join(f"{count} of {kind}" for kind, count in kinds.most_common())
    lasting = f"; {total_s:,.0f} s of video in all" if total_s else ""
    return f"Material: {counted(len(results), 'source')} ({listed}{lasting})"


def _kind(source: Mapping[str, Any]) -> str:
    size = f"{source.get('width') or '?'} x {source.get('height') or '?'} px"
    rate = f", {source['fps']:g} frames per second" if source.get("fps") else ""
    return f"{source.get('codec') or 'unknown codec'}, {size}{rate}"


def _sampling(options: Mapping[str, Any]) -> str:
    parts = []
    if options.get("every", 1) != 1:
        parts.append(f"one of {options['every']} frames")
    if options.get("start_s") is not None:
        parts.append(f"from {options['start_s']:g} s")
    if options.get("stop_s") is not None:
        parts.append(f"until {options['stop_s']:g} s")
    return f"Of each, {' '.join(parts)} was read." if parts else "Every frame was read."


def _neutral(sidecar: Mapping[str, Any]) -> str:
    """Return what faces were measured against, in a sentence; empty if against no face."""
    is_stills = sidecar["source"].get("codec") == "images"
    is_stills = is_stills and sidecar["options"].get("images") == "stills"
    neutral = sidecar["options"].get("neutral") or {}
    faces = "Faces in photographs" if is_stills else "Faces"
    face_at_rest = _measured_against(neutral, is_stills=is_stills)
    return f"{faces} were measured against {face_at_rest}." if face_at_rest else ""


def _measured_against(neutral: Mapping[str, Any], *, is_stills: bool) -> str:
    if neutral.get("policy") == "unused":
        return ""
    if neutral.get("policy") == "estimated":
        if is_stills:
            return (
                "the average face at rest of a population, as photographs do not show the "
                "person's own"
            )
        return f"each person's face at rest, estimated from {neutral['source']}"
    if neutral.get("policy") == "given":
        span = ""
        if "start_s" in neutral:
            span = f", {neutral['start_s']:g} s to {neutral['stop_s']:g} s"
        return f"a neutral face that was given ({neutral['source']}{span})"
    return "the average face at rest of a population"


def _missing(results: Sequence[DescribedResult]) -> str:
    rows = sum((Counter(result.num_rows) for result in results), Counter())
    num_frames = sum(result.num_frames for result in results)
    num_faces = sum(rows.values()) - rows[Status.NO_FACE]
    broken = sum(not result.sidecar.get("complete", True) for result in results)
    missing = rows[Status.NO_FACE] / num_frames
    without = f"Of {counted(num_frames, 'frame')}, {missing:.1%} had no face"
    if num_faces:
        low, filled = rows[Status.LOW_QUALITY], rows[Status.INTERPOLATED]
        without += (
            f"; of {counted(num_faces, 'face')} in the others, {low / num_faces:.1%} were "
            "of too low quality to be read and have no values, and "
            f"{filled / num_faces:.1%} were interpolated"
        )
    cut = f"; {counted(broken, 'source')} could not be read to the end" if broken else ""
    return f"{without}{cut}."


def _thresholds(sidecar: Mapping[str, Any]) -> str:
    found = ", ".join(
        f"{column['name'].removesuffix('_present')} {column['threshold']:.2f}"
        for column in sidecar["columns"]
        if "threshold" in column
    )
    return f"Thresholds of presence: {found}." if found else ""
