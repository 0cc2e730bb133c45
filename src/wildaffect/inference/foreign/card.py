"""Model card of a described network, and what its user has to accept."""

from wildaffect.inference.foreign.description import Description
from wildaffect.inference.manifest import BackboneInput, Manifest
from wildaffect.reporting.tables import markdown_rows

LIMITS = """\
- It describes what an observer might perceive in a face, never what a person feels, thinks
  or intends.
- It was made and published by others; nothing is known here of its accuracy on the people
  and recordings that it is used on.
- Faces are found and cut by this package, and its outputs are smoothed over time: numbers
  differ from those of programs that find, cut or smooth faces in another way."""


def terms_of(description: Description) -> str:
    """Return what is shown before a model is added."""
    return "\n".join(
        [
            f"{description.title}",
            f"  license: {description.license}",
            f"  terms: {description.terms}",
            f"  source: {description.source}",
            f"  training data: {description.training_data}",
        ]
    )


def write_card(manifest: Manifest, description: Description, file_name: str) -> str:
    """Return the card as Markdown."""
    (looks,) = (item for item in manifest.inputs if isinstance(item, BackboneInput))
    crop, read = looks.preprocess, description.input
    rate = "every frame" if manifest.rate_hz is None else f"{manifest.rate_hz:g} per second"
    rows = [
        (output.task, ", ".join(output.labels) or f"{output.range[0]:g} to "
         f"{output.range[1]:g}", output.values or "value")
        for output in description.outputs if output.task != "unused"
    ]  # fmt: skip
    margin = f", margin {crop.margin:g}" if crop.margin else ""
    return "\n".join(
        [
            f"# {manifest.name}",
            "",
            manifest.summary,
            "",
            f"- License of the weights: {description.license}.",
            f"- Terms: {description.terms}",
            f"- Source: {description.source}",
            f"- Training data: {description.training_data}",
            f"- File: {file_name}, sha256 {looks.weights_sha256}",
            "",
            "## Outputs",
            "",
            markdown_rows(("task", "labels or range", "as"), rows),
            "",
            "## Inference",
            "",
            (
                f"- Crop: {crop.alignment}{margin}, {crop.size_px} px, {crop.channels}, "
                f"{read.layout}; mean {_numbers(read.mean)} and standard deviation "
                f"{_numbers(read.std)} where white is {read.white}."
            ),
            f"- Rows: {rate}.",
            "",
            "## Limits",
            "",
            LIMITS,
            "",
        ]
    )


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
