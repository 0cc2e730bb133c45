"""Origin of a result, as its sidecar describes it, in the words of a report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wildaffect.core.printable import printable
from wildaffect.core.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Source, model and label spaces of a result; empty where there is no sidecar."""

    title: str
    """Name of the source, without its folder."""
    source: Path | None = None
    """File that was analyzed, if it was one file."""
    sources: tuple[Path, ...] = ()
    """All files that were analyzed; several for photographs."""
    codec: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    """Name and value of each, in their order."""
    warnings: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    expression_margin: float = 0.0
    """Margin over the next class below which an expression is unclear."""
    action_units: tuple[str, ...] = ()
    scales: tuple[Scale, ...] = ()
    """Ratings and intensities of a model's own, with their ranges."""


def describe(title: str, sidecar: Mapping[str, Any] | None) -> Description:
    """Return what a sidecar states of a result.

    Args:
        title: Name of the result, used where the sidecar names no source.
        sidecar: Document of the sidecar; None where there is none.
    """
    if sidecar is None:
        note = (
            "No sidecar lies beside this table: its source, model and options are unknown."
        )
        return Description(title=printable(title), warnings=(note,))
    source = _mapping(sidecar.get("source"))
    files = tuple(Path(str(path)) for path in _list(source.get("path")))
    name = str(source.get("name") or (files[0] if len(files) == 1 else title))
    spaces = _mapping(sidecar.get("label_spaces"))
    return Description(
        title=printable(name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or title),
        source=files[0] if len(files) == 1 else None,
        sources=files,
        codec=str(source.get("codec") or ""),
        facts=tuple(_facts(sidecar, source)),
        warnings=_warnings(sidecar),
        expressions=_labels(spaces, "expressions"),
        expression_margin=_margin(sidecar),
        action_units=_labels(spaces, "action_units"),
        scales=(*_scales(spaces, "dimensions"), *_scales(spaces, "intensities")),
    )


def _facts(sidecar: Mapping[str, Any], source: Mapping[str, Any]) -> list[tuple[str, str]]:
    artifact = _mapping(sidecar.get("artifact"))
    options = _mapping(sidecar.get("options"))
    facts = []
    if source.get("width") and source.get("height"):
        rate = source.get("fps")
        rate_text = f", {rate:.4g} frames/s" if isinstance(rate, int | float) else ""
        codec = f", {source['codec']}" if source.get("codec") else ""
        facts.append(
            ("Source", f"{source['width']} x {source['height']}{rate_text}{codec}")
        )
    if artifact.get("name"):
        version = f", version {artifact['version']}" if artifact.get("version") else ""
        facts.append(("Model", f"{artifact['name']}{version}"))
    if artifact.get("sha256"):
        facts.append(("Model hash", f"sha256 {artifact['sha256']}"))
    if artifact.get("license"):
        facts.append(("Model license", str(artifact["license"])))
    if sidecar.get("wildaffect_version"):
        facts.append(("wildaffect", str(sidecar["wildaffect_version"])))
    if sidecar.get("digest"):
        facts.append(("Result digest", str(sidecar["digest"])))
    neutral = _mapping(options.get("neutral"))
    if neutral:
        facts.append(("Neutral face", ", ".join(str(v) for v in neutral.values() if v)))
    if options.get("every", 1) != 1:
        facts.append(("Frames read", f"every {options['every']}"))
    return [(name, printable(value)) for name, value in facts]


def _warnings(sidecar: Mapping[str, Any]) -> tuple[str, ...]:
    if sidecar.get("complete", True):
        return ()
    reason = printable(str(sidecar.get("error") or "the reason is not recorded"))
    return (f"The result ends before its source does: {reason}",)


def _margin(sidecar: Mapping[str, Any]) -> float:
    columns = map(_mapping, _list(sidecar.get("columns")))
    margins = [
        column.get("margin") for column in columns if column.get("name") == "expression"
    ]
    return next((float(each) for each in margins if isinstance(each, int | float)), 0.0)


def _labels(spaces: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(str(label) for label in _list(_mapping(spaces.get(name)).get("labels")))


def _scales(spaces: Mapping[str, Any], name: str) -> Iterator[Scale]:
    """Yield the scales of a space; those that are not valid are skipped."""
    for each in map(_mapping, _list(_mapping(spaces.get(name)).get("scales"))):
        try:
            low, high = float(each["low"]), float(each["high"])
            yield Scale(label=str(each["label"]), low=low, high=high)
        except (KeyError, TypeError, ValueError):
            continue


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
