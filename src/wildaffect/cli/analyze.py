"""Read faces in videos, images, folders, cameras or addresses; write a table of each.

Example: wildaffect analyze clip.mp4 -o results --overlay
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `analyze`."""

    inputs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Videos, images, folders of them, camera numbers, rtsp:// or http:// addresses."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("wildaffect-results")
    """Folder for the results, or the table's name for a single input."""
    format: Literal["csv", "parquet", "jsonl"] = "csv"
    """Of tables in a folder."""
    overlay: bool = False
    """Also write the video, or the picture, with what was perceived drawn on it."""
    blur_faces: bool = False
    """Hide who it is in the overlay (implies --overlay)."""
    model: str = "default"
    """An embedded artefact by name, or an artefact's folder or zip."""
    neutral: str = "auto"
    """Neutral face that changes are measured against: a picture or video of the person
    (used for everybody who is seen), START-END in seconds of the video in which everybody
    is neutral, none for a face at rest of the population, or auto to estimate each
    person's own from calm moments."""
    start: float | None = None
    """First second to read."""
    stop: float | None = None
    """Second to stop at, exclusive; ends a camera or stream."""
    every: int = 1
    """Read every so many frames; frame numbers stay those of the video."""
    images: Literal["stills", "sequence"] = "stills"
    """Whether a folder's images are photographs, or the frames of one video."""
    fps: float = 30.0
    """Frame rate of an image sequence; videos carry their own times."""
    landmarks: bool = False
    """Add the 478 landmarks to the table."""
    blendshapes: bool = False
    """Add the 52 blendshape scores to the table."""
    features: bool = False
    """Add what was measured, raw and against the person's neutral face."""
    device: str = "CPU"
    """Where networks run, as `wildaffect doctor` lists it."""
    threads: int = 1
    """Of each network call; decoding has a thread of its own."""
    resume: bool = False
    """Skip inputs whose results are whole and were made with the same options."""
    json: bool = False
    """Print the report as JSON on standard output."""
    quiet: bool = False
    """No progress and no table on the terminal."""


def run(command: Command) -> int:
    """Analyse every input; 1 if any of them failed or broke off."""
    from wildaffect.analysis.folder import plan_results, run_jobs
    from wildaffect.analysis.job import FileJob, FileReport, is_live
    from wildaffect.analysis.neutral import choose_neutral
    from wildaffect.analysis.options import ColumnOptions, ReadOptions, build_analyzer
    from wildaffect.analysis.overlays import OverlayOptions
    from wildaffect.analysis.terminal import Terminal
    from wildaffect.runtime.network import Device
    from wildaffect.video.expand import expand_inputs
    from wildaffect.video.picture import DamagedVideoWarning

    warnings.simplefilter("ignore", DamagedVideoWarning)  # reports say it in one line
    inputs = expand_inputs(command.inputs, images=command.images, leave_out=command.output)
    wants_overlay = command.overlay or command.blur_faces
    planned = plan_results(inputs.sources, command.output, f".{command.format}")
    analyzer = build_analyzer(
        command.model,
        device=Device(name=command.device, threads=command.threads),
        live=any(is_live(source) for source, _ in planned),
        keep_features=command.features,
    )
    neutral = choose_neutral(command.neutral, analyzer)
    jobs = [
        FileJob(
            source=source,
            results=results,
            read=ReadOptions(
                start_s=command.start,
                stop_s=command.stop,
                every=command.every,
                images=command.images,
                fps=command.fps,
            ),
            columns=ColumnOptions(
                landmarks=command.landmarks,
                blendshapes=command.blendshapes,
                features=command.features,
            ),
            overlay=OverlayOptions(blur_faces=command.blur_faces)
            if wants_overlay
            else None,
            neutral=neutral,
            resume=command.resume,
        )
        for source, results in planned
    ]
    terminal = Terminal(
        num_jobs=len(jobs),
        quiet=command.quiet,
        as_json=command.json,
        skipped=inputs.skipped,
    )
    with terminal:
        for error in inputs.failed:
            terminal.add(FileReport(source=error.source, error=str(error)))
        for report in run_jobs(jobs, analyzer, terminal.watch):
            terminal.add(report)
    terminal.close()
    return 1 if terminal.has_errors else 0
