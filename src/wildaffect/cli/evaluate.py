"""Score predictions against annotations, with the sample behind every number.

Examples:
    wildaffect evaluate predictions.csv --annotations validation_set_annotations.txt

    wildaffect evaluate results/ --annotations data/ --split val --report report.html

    wildaffect evaluate new.csv --annotations data/ --split val --against old.csv
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from wildaffect.core.errors import UsageError

if TYPE_CHECKING:
    from wildaffect.evaluation.inputs import Annotated
    from wildaffect.evaluation.protocols import Protocol
    from wildaffect.evaluation.report import Report
    from wildaffect.evaluation.rules import Rules
    from wildaffect.evaluation.tables import PredictionTable

_DOCUMENTED = "documented"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect evaluate`."""

    predictions: tyro.conf.Positional[Path]
    """Table (.csv, .parquet, .jsonl), folder of tables, or multi-task submission (.txt)."""
    annotations: Path
    """Folder of a data set, or one annotation file."""
    format: str | None = None
    """Layout of the annotations, such as affwild2-mtl, if it is not detected."""
    split: str | None = None
    """Split of the annotations, if there are several."""
    protocol: str | None = None
    """Protocol: abaw-mtl, abaw-va, abaw-expr, abaw-au or own; by default the layout's."""
    against: Path | None = None
    """Predictions of another system to compare with, paired by video."""
    missing: Literal["refuse", "skip", "neutral"] = "refuse"
    """How to treat an annotated frame without a prediction."""
    absent: Literal["refuse", "common", "zero"] = "refuse"
    """How to treat action units and classes that the predictions do not have."""
    map_classes: str | None = None
    """JSON file that maps each predicted class to an annotated class or null; `documented`
    for the built-in map between the two label spaces."""
    first_frame: Literal["0", "1"] | None = None
    """Number of a video's first frame in the annotations, for result tables."""
    tuned_on: Path | None = None
    """Text file with the videos that anything was tuned on, one per line; the report then
    states whether any of them are evaluated."""
    resamples: int = 2000
    """Number of bootstrap resamples for the intervals."""
    seed: int = 0
    """Seed of the bootstrap."""
    report: Path | None = None
    """Also write the report to this .html, .md or .json file."""
    json: bool = False
    """Print the report as JSON."""


def run(command: Command) -> int:
    """Evaluate, print the report, and write it if --report is given."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from wildaffect.core.console import Console
    from wildaffect.evaluation.inputs import read_annotated
    from wildaffect.evaluation.pages.terminal import print_report
    from wildaffect.evaluation.pages.wording import summary_line
    from wildaffect.evaluation.protocols import find_protocol
    from wildaffect.evaluation.report import report_to_json

    _check_flags(command)
    protocol = find_protocol(command.protocol) if command.protocol else None
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    stderr = Console(stderr=True)
    hidden = not stderr.is_terminal
    with Progress(*columns, console=stderr, transient=True, disable=hidden) as progress:
        task = progress.add_task("reading annotations")
        annotated = read_annotated(
            command.annotations, layout=command.format, split=command.split
        )
        progress.update(task, description="reading predictions, scoring, resampling videos")
        report = _evaluate(command, annotated, protocol or annotated.protocol)
    if command.json:
        print(report_to_json(report))
    else:
        print_report(report, Console(highlight=False))
    if command.report:
        _write(command.report, report)
    if not command.json:
        where = f"; report: {command.report}" if command.report else ""
        print(f"\n{summary_line(report)}{where}")
    return 0


def _check_flags(command: Command) -> None:
    if command.report and command.report.suffix not in {".html", ".md", ".json"}:
        raise UsageError(
            f"evaluate: --report must end in .html, .md or .json, got {command.report}"
        )
    if command.resamples < 1:
        raise UsageError(f"evaluate: --resamples must be >= 1, got {command.resamples}")
    if command.seed < 0:
        raise UsageError(f"evaluate: --seed must be >= 0, got {command.seed}")


def _evaluate(command: Command, annotated: "Annotated", protocol: "Protocol") -> "Report":
    from wildaffect.evaluation.evaluate import Evaluation, evaluate
    from wildaffect.evaluation.inputs import read_video_names
    from wildaffect.evaluation.scoring import Settings

    predictions, rules = _read(command, command.predictions, annotated)
    against = _read(command, command.against, annotated)[0] if command.against else None
    evaluation = Evaluation(
        annotated=annotated,
        protocol=protocol,
        rules=rules,
        settings=Settings(num_resamples=command.resamples, seed=command.seed),
        first_frame=None if command.first_frame is None else int(command.first_frame),
        tuned_on=read_video_names(command.tuned_on) if command.tuned_on else None,
    )
    return evaluate(predictions, evaluation, against)


def _read(
    command: Command, path: Path, annotated: "Annotated"
) -> "tuple[PredictionTable, Rules]":
    from wildaffect.evaluation.inputs import read_class_map
    from wildaffect.evaluation.rules import Absent, Missing, Rules
    from wildaffect.evaluation.spaces import documented_map
    from wildaffect.evaluation.tables import read_predictions

    class_map, space = None, None
    if command.map_classes and command.map_classes != _DOCUMENTED:
        class_map, space = read_class_map(Path(command.map_classes))
    table = read_predictions(path, space)
    if command.map_classes == _DOCUMENTED:
        class_map = documented_map(
            table.values.spaces.expressions, annotated.annotations.spaces.expressions
        )
    rules = Rules(
        missing=Missing(command.missing),
        absent=Absent(command.absent),
        class_map=class_map,
    )
    return table, rules


def _write(path: Path, report: "Report") -> None:
    from wildaffect.evaluation.pages.markdown import to_markdown
    from wildaffect.evaluation.pages.page import to_html
    from wildaffect.evaluation.report import report_to_json
    from wildaffect.formats.text import write_lines

    make = {".html": to_html, ".md": to_markdown, ".json": report_to_json}[path.suffix]
    write_lines(path, make(report).rstrip("\n").split("\n"))
