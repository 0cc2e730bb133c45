"""Compute features of every face in videos or image folders and store them.

Examples:
    wildaffect extract cropped_aligned --feature-sets geometry -o features

    wildaffect extract videos --feature-sets runs/iresnet runs/mae -o features --workers 8

    wildaffect extract videos --feature-sets videomae_base_patch16_224.k400 -o features
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from wildaffect.cli.advice import in_flags
from wildaffect.cli.parser.marks import Positional
from wildaffect.core.threads import AnalysisThreads

if TYPE_CHECKING:
    from wildaffect.core.frames import VideoInfo
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.features.extract import Extracted
    from wildaffect.features.extract_sources import ExtractSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `extract`."""

    inputs: Annotated[tuple[str, ...], Positional("INPUT")]
    """Videos, and folders of videos or of images that are named by frame number."""
    output: Path
    """Folder of the feature store; created if missing."""
    feature_sets: tuple[str, ...] = ("geometry",)
    """Feature sets. geometry: named measures, pose, blendshapes. mesh: 478 frontalized
    points. Anything else is a backbone of images or clips: a name in `wildaffect weights
    list`, or the folder of a run of `pretrain` or `finetune` (needs the extra `train`)."""
    images_as: Literal["crops", "aligned", "sequence"] = "crops"
    """Content of image folders. crops: face crops, as in cropped_aligned/<video>/00001.jpg,
    detected and aligned again. aligned: the same, used unchanged, for backbones trained on
    such crops. sequence: full frames of one video."""
    dtype: Literal["float16", "float32"] = "float16"
    """Data type of the stored features."""
    overwrite: bool = False
    """Overwrite features of another version of the video or of the networks."""
    device: str = "cpu"
    """Device that runs the networks; `wildaffect doctor` lists them. With cuda, backbones
    run in torch and the face networks on the CPU."""
    precision: Literal["auto", "f32", "bf16"] = "auto"
    """Precision of backbones; auto uses bf16 where the processor supports it and the
    features agree within its rounding error."""
    clip_step: float | None = None
    """Seconds between two frames of a clip of a video backbone; by default those of its
    training."""
    clip_stride: int | None = None
    """Number of such steps between the starts of two clips; by default the network's."""
    clip_row_at: Literal["middle", "end"] = "middle"
    """Frame of a clip at which its row stands. middle: looks ahead by half a clip. end:
    uses no later frames."""
    threads: AnalysisThreads = 1
    """Threads per network call, without effect on results; decoding uses one more. auto: as
    many as the CPUs that this process may use."""
    workers: int = 1
    """Number of videos to extract in parallel, each in a process with its own networks and
    threads. The result does not depend on it."""
    engine: Literal["local", "ray"] = "local"
    """Run workers on this machine, or on a Ray cluster whose machines share the inputs and
    the store (needs the extra `cluster`)."""
    address: str = "local"
    """Address of the Ray cluster: auto for the cluster of this machine, or host:port;
    local starts Ray on this machine for the duration of the command."""
    shard: str | None = None
    """Extract one of N equal parts of the inputs: I/N with I from 1 to N, as in
    $SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT of an array that starts at 1."""
    json: bool = False
    """Print the report as JSON on standard output."""
    quiet: bool = False
    """Print no progress."""


def run(command: Command) -> int:
    """Extract missing features; return 1 if any video failed or lacks frames."""
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.engines.choose import cluster_of
    from wildaffect.workflows.extract import extract

    cluster = cluster_of(command.engine, command.address)
    with ProgressDisplay(quiet=command.quiet) as display:
        rows = _Rows(display)
        result = extract(
            command.inputs,
            command.output,
            feature_sets=command.feature_sets,
            images_as=command.images_as,
            dtype=command.dtype,
            overwrite=command.overwrite,
            device=command.device,
            precision=command.precision,
            clip_step_s=command.clip_step,
            clip_stride=command.clip_stride,
            clip_row_at=command.clip_row_at,
            num_threads=command.threads,
            num_workers=command.workers,
            cluster=cluster,
            shard=command.shard,
            on_video=rows.end_video,
            on_frame=rows.show_frame,
        )
    print(result.as_json() if command.json else result.summary())
    return 1 if result.has_errors else 0


class _Rows:
    """A row of all videos that are done, and one per active video."""

    def __init__(self, display: "ProgressDisplay") -> None:
        self._display = display
        self._num_done = 0

    def show_frame(self, source: "ExtractSource", info: "VideoInfo", done: int) -> None:
        """Show the progress of one video."""
        name = f"video {source.video}"
        self._display.show(name, done, info.num_frames, text=source.video)

    def end_video(self, outcome: "Extracted", num_videos: int) -> None:
        """Count a video, and print what was wrong with it."""
        self._num_done += 1
        self._display.remove(f"video {outcome.video}")
        self._display.show("videos", self._num_done, num_videos)
        for trouble in (outcome.error, outcome.damage):
            if trouble:
                self._display.print(f"wildaffect: {in_flags(trouble)}")
