"""Compare the conditions of a study from stored results."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.files import write_whole
from wildaffect.core.printable import counted
from wildaffect.outputs.find import find_results
from wildaffect.outputs.sidecar import read_sidecar, sidecar_path
from wildaffect.outputs.table import read_table
from wildaffect.outputs.tables import csv_rows
from wildaffect.study.compare import Comparison, Difference, compare_conditions
from wildaffect.study.curves import Excluded, TrialCurves, Window, read_trial
from wildaffect.study.design import Trial, read_design
from wildaffect.study.methods import methods_text
from wildaffect.study.page import study_page
from wildaffect.study.tables import (
    curves_table,
    differences_table,
    participants_table,
)

OnTrial = Callable[[int, int], None]
"""Called with the number of trials read, and their number."""


def no_progress(_done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class StudyResult:
    """Result of a study, and the trials that it is from."""

    comparison: Comparison
    curves: pa.Table
    """Mean curves with intervals: a row per condition, signal and step."""
    participants: pa.Table
    """Mean over the window: a row per participant, condition and signal."""
    differences: tuple[Difference, ...]
    exclusions: tuple[tuple[str, str], ...]
    """Trial and reason of each trial that was not used."""
    methods: str
    """Text for a methods section."""
    page: str
    """HTML page."""
    inputs: frozenset[Path] = frozenset()
    """Files that were read, which are never written to."""

    def __repr__(self) -> str:
        return (
            f"StudyResult({counted(len(self.comparison.conditions), 'condition')}, "
            f"{counted(len(self.differences), 'difference')}, "
            f"{counted(len(self.exclusions), 'trial')} excluded)"
        )

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.page)}" '
            'style="width:100%;height:40rem;border:0"></iframe>'
        )

    def write(self, folder: str | Path) -> Path:
        """Write `study.html`, the tables as CSV and `methods.txt`; return the folder.

        Raises:
            OutputError: If a file cannot be written.
        """
        folder = Path(folder)
        exclusions = pa.table(
            {
                "trial": pa.array([trial for trial, _ in self.exclusions], pa.string()),
                "reason": pa.array([reason for _, reason in self.exclusions], pa.string()),
            }
        )
        files = {
            "study.html": self.page.encode(),
            "curves.csv": csv_rows.whole(self.curves),
            "participants.csv": csv_rows.whole(self.participants),
            "differences.csv": csv_rows.whole(differences_table(self.comparison)),
            "exclusions.csv": csv_rows.whole(exclusions),
            "methods.txt": f"{self.methods}\n".encode(),
        }
        for name in files:
            if (folder / name).resolve() in self.inputs or sidecar_path(
                folder / name
            ).exists():
                raise OutputError(
                    f"{folder / name}: is the study file or a result; choose another "
                    "folder with -o"
                )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                write_whole(folder / name, content)
        except OSError as error:
            raise OutputError(
                f"{folder}: study must be writable, got {error.strerror or error}"
            ) from error
        return folder


def compare_clips(
    study: str | Path,
    results: str | Path | Sequence[str | Path],
    *,
    signals: Sequence[str] = ("valence", "arousal"),
    window: Window | None = None,
    num_resamples: int = 2000,
    seed: int = 0,
    on_trial: OnTrial = no_progress,
) -> StudyResult:
    """Compare the conditions of a study, over its participants.

    Args:
        study: CSV with a line per trial: `video`, `participant`, `condition`, and if wanted
            `onset_s`, `baseline_start_s` and `baseline_stop_s` (seconds in the video) and
            `track_id`. A video is named by its file, with as much of its path as needed.
        results: Tables, and folders with tables, as `analyze` wrote them.
        signals: Columns of the tables.
        window: Time around the onset that is compared.
        num_resamples: Resamples for each interval.
        seed: Equal seeds give equal intervals.
        on_trial: Called after each trial.

    Raises:
        UsageError: If the study file is wrong, no result belongs to any of its videos, a
            table has no such signal, or a condition has fewer than five participants.
        OutputError: If a result does not exist or cannot be read.
    """
    window = window or Window()
    if len(set(signals)) < len(signals):
        raise UsageError(f"signals must be named once each, got {', '.join(signals)}")
    trials = read_design(Path(study))
    found = _Results(results)
    used: list[TrialCurves] = []
    exclusions: list[tuple[str, str]] = []
    models: dict[str, dict[str, Any]] = {}
    versions: set[str] = set()
    taken: dict[tuple[Path, int, float], Trial] = {}
    incomplete = 0
    for done, trial in enumerate(trials, 1):
        try:
            path = found.find(trial.video)
            used.append(_curves(path, trial, signals, window))
            _check_once(taken, path, used[-1])
            document = read_sidecar(path) or {}
            model = document.get("artifact") or {}
            models[json.dumps(model, sort_keys=True)] = model
            versions.add(str(document.get("wildaffect_version", "unknown")))
            incomplete += not document.get("complete", True)
        except Excluded as error:
            exclusions.append((trial.name, str(error)))
        on_trial(done, len(trials))
    if not used:
        raise UsageError(
            f"{study}: none of {counted(len(trials), 'trial')} can be used; "
            f"{exclusions[0][0]}: {exclusions[0][1]}"
        )
    comparison = compare_conditions(used, signals, num_resamples=num_resamples, seed=seed)
    methods = methods_text(
        comparison,
        window,
        used=used,
        num_excluded=len(exclusions),
        num_resamples=num_resamples,
        models=list(models.values()),
        versions=sorted(versions),
        num_incomplete=incomplete,
    )
    return StudyResult(
        comparison=comparison,
        curves=curves_table(comparison, window),
        participants=participants_table(comparison),
        differences=comparison.differences,
        exclusions=tuple(exclusions),
        methods=methods,
        page=study_page(Path(study).stem, comparison, window, exclusions, methods),
        inputs=frozenset({Path(study).resolve(), *found.paths}),
    )


def _check_once(
    taken: dict[tuple[Path, int, float], Trial], path: Path, curves: TrialCurves
) -> None:
    """Raise an error if a person and time is in two trials: one of them is a mistake."""
    trial = curves.trial
    for track_id in curves.track_ids:
        other = taken.setdefault((path, track_id, trial.onset_s), trial)
        if other is not trial:
            raise UsageError(
                f"study: {other.name} and {trial.name} are the same person at the same "
                "time; give track_id where several people are in one video"
            )


class _Results:
    """Results by the names that a study may give to their videos."""

    def __init__(self, results: str | Path | Sequence[str | Path]) -> None:
        given = [results] if isinstance(results, str | Path) else results
        self._names = [(path, _names(path)) for path in find_results(given)]

    @property
    def paths(self) -> set[Path]:
        """Return the results."""
        return {path.resolve() for path, _ in self._names}

    def find(self, video: str) -> Path:
        """Return the result of a video.

        Raises:
            Excluded: If there is none.
            UsageError: If there are several.
        """
        found = [
            path
            for path, names in self._names
            if any(name == video or name.endswith(f"/{video}") for name in names)
        ]
        if not found:
            raise Excluded("no result of this video")
        if len(found) > 1:
            raise UsageError(
                f"study: {len(found)} results are of a video {video}: {found[0]}, "
                f"{found[1]}; write more of its path into the study file"
            )
        return found[0]


def _names(result: Path) -> set[str]:
    source = (read_sidecar(result) or {}).get("source")
    paths = source.get("path") if isinstance(source, dict) else None
    return {result.name, result.stem, result.as_posix(), *(paths or ())}


def _curves(
    path: Path, trial: Trial, signals: Sequence[str], window: Window
) -> TrialCurves:
    table = read_table(path)
    missing = [name for name in signals if name not in table.column_names]
    if missing:
        raise UsageError(
            f"{path}: no signal {', '.join(missing)}; choose columns of the table, such as "
            "valence or AU12"
        )
    texts = [name for name in signals if pa.types.is_string(table.schema.field(name).type)]
    if texts:
        raise UsageError(f"{path}: {texts[0]} is text; choose columns of numbers")
    return read_trial(table, trial, signals, window)
