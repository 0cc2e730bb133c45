"""Score predictions against annotations, on disk or in memory."""

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import LabelSpace, Task
from wildaffect.data.annotated import Annotated, read_annotated
from wildaffect.evaluation.evaluate import Evaluation
from wildaffect.evaluation.evaluate import evaluate as score
from wildaffect.evaluation.in_memory import pair_in_memory, to_table
from wildaffect.evaluation.inputs import read_class_map, read_video_names
from wildaffect.evaluation.pages.markdown import to_markdown
from wildaffect.evaluation.pages.page import to_html
from wildaffect.evaluation.protocols import find_protocol, protocol_of_layout
from wildaffect.evaluation.report import Report, report_to_json
from wildaffect.evaluation.rules import Absent, Missing, Rules
from wildaffect.evaluation.scoring import Settings
from wildaffect.evaluation.spaces import documented_map
from wildaffect.evaluation.tables import PredictionTable, read_predictions
from wildaffect.formats.text import write_lines
from wildaffect.outputs.result import AnalysisResult

if TYPE_CHECKING:
    import pandas as pd

DOCUMENTED = "documented"
REPORTS = {".html": to_html, ".md": to_markdown, ".json": report_to_json}


def evaluate(  # noqa: PLR0913 - each is an option of the command
    targets: "str | Path | Mapping[str, Any] | pa.Table | pd.DataFrame | Any",
    predictions: "str | Path | Mapping[str, Any] | pa.Table | pd.DataFrame | Any",
    *,
    task: Task | str | None = None,
    layout: str | None = None,
    split: str | None = None,
    protocol: str | None = None,
    against: str | Path | None = None,
    missing: Literal["refuse", "skip", "neutral"] = "refuse",
    absent: Literal["refuse", "common", "zero"] = "refuse",
    class_map: str | Path | Mapping[str, str | None] | None = None,
    first_frame: Literal[0, 1] | None = None,
    tuned_on: str | Path | Iterable[str] | None = None,
    num_resamples: int = 2000,
    seed: int = 0,
) -> Report:
    """Score predictions: official scores, intervals over videos, scores per label.

    Targets and predictions are both paths, or both columns by name: a mapping of arrays, a
    pandas frame or an Arrow table with `valence`, `arousal`, `expression` (names, codes
    from 0, or probabilities of shape (N, 8)), `AU01` and so on, or `action_units` of shape
    (N, 12). Columns of targets define labels of your own as manifests do: `pain[0..10]`,
    `AU06_intensity`, `smile[0|1]`, `expression[calm|angry]`; predictions have them by name,
    with the range or without. NaN and None are blank. Rows are matched by the columns
    `frame` and `video`, or by position where there is no `frame`; a column `video` groups
    rows for intervals.

    Args:
        targets: Folder of a data set, annotation file, or columns.
        predictions: Table, folder of tables, multi-task submission, or columns.
        task: Task of both inputs, if they are plain arrays.
        layout: Layout of the annotations, such as `affwild2-mtl`, if several are found.
        split: Split of the annotations, if there are several.
        protocol: `abaw-mtl`, `abaw-va`, `abaw-expr`, `abaw-au`, `abaw-ah`, `abaw-emi` or
            `own`; the default is that of the layout, and `own` for columns.
        against: Predictions of another system to compare with, paired by video.
        missing: How annotated frames without a prediction count.
        absent: How labels count that the model cannot predict.
        class_map: Predicted class to annotated class or None, as a mapping or JSON file;
            `documented` for the table that is included for the two label spaces.
        first_frame: Number of a video's first frame in the annotations, for result tables.
        tuned_on: Videos that anything was tuned on, or a text file of them; the report
            then states whether they are among the evaluated videos.
        num_resamples: Resamples of the videos for intervals.
        seed: Random seed of the resampling.

    Raises:
        UsageError: If an argument is out of range, or targets and predictions cannot be
            matched.
        MissingData: If a file is missing.
        BadAnnotation: If a file or column cannot be read; the message includes the place.
        EvaluationError: If targets and predictions have no frame in common, or violate the
            protocol.
    """
    if num_resamples < 1:
        raise UsageError(f"evaluate: resamples must be at least 1, got {num_resamples}")
    if seed < 0:
        raise UsageError(f"evaluate: seed must be at least 0, got {seed}")
    chosen = find_protocol(protocol) if protocol else None
    given_map, space = _class_map(class_map)
    other: PredictionTable | None = None
    if isinstance(targets, str | PathLike) and isinstance(predictions, str | PathLike):
        annotated = read_annotated(Path(targets), layout=layout, split=split)
        own = annotated.annotations.spaces
        table = read_predictions(Path(predictions), space, own)
        other = read_predictions(Path(against), space, own) if against is not None else None
    elif isinstance(targets, str | PathLike) or isinstance(predictions, str | PathLike):
        raise UsageError("evaluate: targets and predictions must both be paths, or neither")
    else:
        if against is not None:
            raise UsageError("evaluate: against must be left out for columns in memory")
        sides = [_by_name(side, task) for side in (targets, predictions)]
        annotated, table = pair_in_memory(
            to_table(sides[0], "targets"), to_table(sides[1], "predictions"), classes=space
        )
    rules = Rules(
        missing=Missing(missing),
        absent=Absent(absent),
        class_map=_documented(table, annotated) if class_map == DOCUMENTED else given_map,
    )
    evaluation = Evaluation(
        annotated=annotated,
        protocol=chosen or protocol_of_layout(annotated.layout),
        rules=rules,
        settings=Settings(num_resamples=num_resamples, seed=seed),
        first_frame=first_frame,
        tuned_on=_videos(tuned_on),
    )
    return score(table, evaluation, other)


def write_report(report: Report, path: str | Path) -> Path:
    """Write a report in the format of the suffix: .html, .md or .json.

    Raises:
        UsageError: If the suffix is another.
    """
    path = Path(path)
    check_report_path(path)
    write_lines(path, REPORTS[path.suffix](report).rstrip("\n").split("\n"))
    return path


def check_report_path(path: Path) -> None:
    """Raise `UsageError` unless the suffix names a format of reports."""
    if path.suffix not in REPORTS:
        raise UsageError(f"{path}: a report must end in .html, .md or .json")


def _by_name(side: Any, task: Task | str | None) -> Any:
    if isinstance(side, AnalysisResult):
        return side.to_arrow()
    if task is None or hasattr(side, "keys") or isinstance(side, pa.Table):
        return side
    if task not in set(Task):
        raise UsageError(f"evaluate: task must be one of {', '.join(Task)}, got {task!r}")
    return {str(task): side}


def _class_map(
    given: str | Path | Mapping[str, str | None] | None,
) -> tuple[Mapping[str, str | None] | None, LabelSpace | None]:
    match given:
        case None | "documented":
            return None, None
        case str() | PathLike():
            return read_class_map(Path(given))
        case _:
            return dict(given), LabelSpace(name="predicted classes", labels=tuple(given))


def _documented(table: PredictionTable, annotated: Annotated) -> dict[str, str | None]:
    return documented_map(
        table.predictions.spaces.expressions, annotated.annotations.spaces.expressions
    )


def _videos(given: str | Path | Iterable[str] | None) -> tuple[str, ...] | None:
    match given:
        case None:
            return None
        case str() | PathLike():
            return read_video_names(Path(given))
        case _:
            return tuple(given)
