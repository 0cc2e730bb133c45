"""Compute features of every face in videos or image folders and store them.

Examples:
    wildaffect extract cropped_aligned --feature-sets geometry -o features

    wildaffect extract videos --feature-sets runs/iresnet runs/mae -o features --workers 8
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from wildaffect.cli.extras import require_cluster, require_train
from wildaffect.cli.parser.marks import Positional
from wildaffect.core.errors import UsageError
from wildaffect.core.threads import AnalysisThreads

if TYPE_CHECKING:
    from wildaffect.features.engine import Engine, ExtractPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `extract`."""

    inputs: Annotated[tuple[Path, ...], Positional("INPUT")]
    """Videos, and folders of videos or of images that are named by frame number."""
    output: Path
    """Folder of the feature store; created if missing."""
    feature_sets: tuple[str, ...] = ("geometry",)
    """Feature sets. geometry: named measures, pose, blendshapes. mesh: 478 frontalized
    points. Anything else is a backbone: a name in `wildaffect weights list`, or the folder
    of a run of `pretrain` or `finetune` (needs the extra `train`)."""
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
    json: bool = False
    """Print the report as JSON on standard output."""
    quiet: bool = False
    """Print no progress."""


def run(command: Command) -> int:
    """Extract missing features; return 1 if any video failed or lacks frames."""
    from wildaffect.features.extract_sources import find_extract_sources
    from wildaffect.features.progress import extract_all
    from wildaffect.features.store import FeatureStore
    from wildaffect.video.picture import DamagedVideoWarning

    warnings.simplefilter("ignore", DamagedVideoWarning)  # reported in the summary
    jobs = find_extract_sources(command.inputs, command.images_as)
    engine = _engine(command, _plan(command))
    store = FeatureStore(command.output)
    progress = extract_all(jobs, store, engine, quiet=command.quiet)
    print(progress.as_json() if command.json else progress.summary(command.output))
    return 1 if progress.has_errors else 0


def _plan(command: Command) -> "ExtractPlan":
    from wildaffect.features.engine import ExtractPlan
    from wildaffect.features.extract import ExtractOptions
    from wildaffect.features.sets import MEASURED, measured_sets
    from wildaffect.runtime.network import Device

    is_cuda = _is_cuda(command)
    if command.images_as == "aligned" and set(command.feature_sets) & set(MEASURED):
        raise UsageError(
            "extract: --images-as aligned works with backbones only, got --feature-sets "
            f"{', '.join(command.feature_sets)}"
        )
    device = Device(name="cpu" if is_cuda else command.device, threads=command.threads)
    backbones = [name for name in command.feature_sets if name not in MEASURED]
    sets = measured_sets([name for name in command.feature_sets if name in MEASURED])
    if backbones:
        require_train(f"extract --feature-sets {backbones[0]}")
        from wildaffect.recipes.embedders import backbone_sets

        sets += backbone_sets(
            backbones, device, precision=command.precision, on_cuda=is_cuda
        )
    return ExtractPlan(
        store=command.output.absolute(),
        sets=tuple(sets),
        options=ExtractOptions(
            dtype=command.dtype, replace=command.overwrite, device=device
        ),
    )


def _is_cuda(command: Command) -> bool:
    return command.device.lower() == "cuda"


def _engine(command: Command, plan: "ExtractPlan") -> "Engine":
    from wildaffect.features.engine import InProcess
    from wildaffect.features.workers import Processes

    if command.engine == "ray":
        require_cluster("extract --engine ray")
        from wildaffect.features.cluster import RayActors

        return RayActors(
            plan,
            command.workers,
            address=command.address,
            num_gpus=int(_is_cuda(command)),
        )
    if command.address != "local":
        raise UsageError(f"--address {command.address}: only valid with --engine ray")
    return InProcess(plan) if command.workers == 1 else Processes(plan, command.workers)
