"""Score predictions against annotations, with the sample behind every number.

Examples:
    wildaffect evaluate predictions.csv --annotations validation_set_annotations.txt

    wildaffect evaluate results/ --annotations data/ --split val --report report.html

    wildaffect evaluate new.csv --annotations data/ --split val --against old.csv
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from wildaffect.cli.parser.marks import Positional

_FIRST: dict[str, Literal[0, 1]] = {"0": 0, "1": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect evaluate`."""

    predictions: Annotated[Path, Positional("PREDICTIONS")]
    """Table (.csv, .parquet, .jsonl), folder of tables, or multi-task submission (.txt)."""
    annotations: Path
    """Folder of a data set, or one annotation file."""
    layout: str | None = None
    """Layout of the annotations, if there are several."""
    split: str | None = None
    """Split of the annotations, if there are several."""
    protocol: str | None = None
    """Protocol: abaw-mtl, abaw-va, abaw-expr, abaw-au, abaw-ah, abaw-emi or own; by default
    the layout's."""
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
    """Print the report as JSON on standard output."""


def run(command: Command) -> int:
    """Evaluate, print the report, and write it if --report is given."""
    from wildaffect.core.console import Console
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.evaluation.pages.terminal import print_report
    from wildaffect.evaluation.pages.wording import summary_line
    from wildaffect.evaluation.report import report_to_json
    from wildaffect.workflows.evaluate import check_report_path, evaluate, write_report

    if command.report:
        check_report_path(command.report)
    with ProgressDisplay() as progress:
        progress.show("reading, scoring, resampling videos")
        report = evaluate(
            command.annotations,
            command.predictions,
            layout=command.layout,
            split=command.split,
            protocol=command.protocol,
            against=command.against,
            missing=command.missing,
            absent=command.absent,
            class_map=command.map_classes,
            first_frame=_FIRST.get(command.first_frame or ""),
            tuned_on=command.tuned_on,
            num_resamples=command.resamples,
            seed=command.seed,
        )
    if command.json:
        print(report_to_json(report))
    else:
        print_report(report, Console(highlight=False))
    if command.report:
        write_report(report, command.report)
    if not command.json:
        where = f"; report: {command.report}" if command.report else ""
        print(f"\n{summary_line(report)}{where}")
    return 0
