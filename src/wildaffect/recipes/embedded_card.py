"""Model card of an embedded model, from its manifest."""

from wildaffect.core.tasks import Task
from wildaffect.core.windows import AnyWindow, CausalWindow
from wildaffect.export.card import LIMITS
from wildaffect.inference.manifest import Manifest
from wildaffect.reporting.tables import markdown_rows

MEASURED = """\
Accuracy on real photographs, with intervals over people, beside other free networks in the
same run, and what was checked on filmed faces: `docs/accuracy.md` and `docs/models.md`.
Action units, their intensity and arousal were not measured against annotations of real
people."""


def card_of(manifest: Manifest) -> str:
    """Return the card as Markdown."""
    parts = [
        [f"# {manifest.name}", "", manifest.summary],
        [f"Version {manifest.version}. License of this artifact: {manifest.license}."],
        _sources(manifest),
        ["## Members", "", *_members(manifest)],
        ["## Action units", "", *_units(manifest)],
        ["## What was measured", "", MEASURED],
        ["## Limits", "", LIMITS],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _sources(manifest: Manifest) -> list[str]:
    rows = [(source.name, source.license, source.note) for source in manifest.sources]
    return [markdown_rows(("made from", "license", "note"), rows)]


def _members(manifest: Manifest) -> list[str]:
    rows = []
    for member in manifest.members:
        reads = ", ".join(item.key for item in manifest.inputs_of(member))
        tasks = ", ".join(manifest.tasks_of(member))
        sees = _window(manifest.window_of(member))
        rows.append((member.network.file, reads, tasks, sees, f"{member.weight:g}"))
    return [markdown_rows(("network", "reads", "predicts", "sees", "weight"), rows)]


def _window(window: AnyWindow) -> str:
    if window.is_frame_wise:
        return "one frame"
    if isinstance(window, CausalWindow):
        return f"the last {window.length_s:g} s"
    return f"{window.length_s:g} s"


def _units(manifest: Manifest) -> list[str]:
    output = manifest.action_units
    if output is None or Task.ACTION_UNITS not in manifest.tasks:
        return ["None."]
    thresholds = manifest.calibration.action_unit_thresholds
    rows = [
        (label, f"{threshold:.2f}")
        for label, threshold in zip(output.predicted, thresholds, strict=True)
    ]
    never = "; ".join(" and ".join(pair) for pair in output.excluded)
    scale = "Intensity 0 to 5 (FACS A to E are 1 to 5)"
    sided = ", ".join(output.sided)
    return [
        f"{scale}: {output.intensity_note}.",
        f"Left and right told apart: {sided}. Never present together: {never}.",
        "",
        markdown_rows(("action unit", "present from a probability of"), rows),
    ]
