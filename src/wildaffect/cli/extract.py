"""Compute features of every face in videos or image folders and store them.

Examples:
    wildaffect extract cropped_aligned --features geometry -o features

    wildaffect extract videos --features runs/iresnet runs/mae -o features --workers 8
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from wildaffect.cli.extras import require_cluster, require_train
from wildaffect.core.errors import UsageError

if TYPE_CHECKING:
    from wildaffect.features.engine import Engine, ExtractPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `extract`."""

    inputs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Videos, and folders of videos or of images that are named by frame number."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder of the feature store; made if it is not there."""
    features: tuple[str, ...] = ("geometry",)
    """geometry: named measures, pose, blendshapes; mesh: 478 points turned to the front;
    else backbones: names of `wildaffect weights list`, or folders of runs of `pretrain` and
    `finetune` (needs the extra `train`)."""
    images: Literal["crops", "aligned", "sequence"] = "crops"
    """Whether a folder's images are faces cut out, as in cropped_aligned/<video>/00001.jpg,
    which are found and aligned anew; the same taken as they are, by backbones that were
    trained on such; or full frames of one video."""
    dtype: Literal["float16", "float32"] = "float16"
    """Type of the stored numbers."""
    replace: bool = False
    """Overwrite what was extracted from another version of a video or of the networks."""
    device: str = "CPU"
    """Where networks run, as `wildaffect doctor` lists it; backbones on cuda run in
    torch, and the face nets on the CPU then."""
    precision: Literal["auto", "f32", "bf16"] = "auto"
    """Of backbones; auto takes bf16 where the processor has it and the features are shown
    to be the same within its rounding."""
    threads: int = 1
    """Of each network call; decoding has a thread of its own."""
    workers: int = 1
    """Videos that are extracted at the same time, each by a process with its own networks
    and threads. The store does not depend on it."""
    engine: Literal["local", "ray"] = "local"
    """Where workers run: this machine, or a Ray cluster whose machines all see the same
    inputs and the same store (needs the extra `cluster`)."""
    address: str = "local"
    """Of the Ray cluster: auto for the one that this machine belongs to, or host:port;
    local starts Ray on this machine for the time of the command."""
    json: bool = False
    """Print the report as JSON on standard output."""
    quiet: bool = False
    """No progress."""


def run(command: Command) -> int:
    """Extract what is not in the store yet; 1 if any video failed or lacks frames."""
    from wildaffect.features.extract_sources import find_extract_sources
    from wildaffect.features.progress import extract_all
    from wildaffect.features.store import FeatureStore
    from wildaffect.video.picture import DamagedVideoWarning

    warnings.simplefilter("ignore", DamagedVideoWarning)  # outcomes say it in one line
    jobs = find_extract_sources(command.inputs, command.images)
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
    if command.images == "aligned" and set(command.features) & set(MEASURED):
        raise UsageError(
            "extract: --features must be backbones where --images is aligned, as nothing "
            f"is measured there, got {', '.join(command.features)}"
        )
    device = Device(name="CPU" if is_cuda else command.device, threads=command.threads)
    backbones = [name for name in command.features if name not in MEASURED]
    sets = measured_sets([name for name in command.features if name in MEASURED])
    if backbones:
        require_train(f"extract --features {backbones[0]}")
        from wildaffect.recipes.embedders import backbone_sets

        sets += backbone_sets(
            backbones, device, precision=command.precision, on_cuda=is_cuda
        )
    return ExtractPlan(
        store=command.output.absolute(),
        sets=tuple(sets),
        options=ExtractOptions(dtype=command.dtype, replace=command.replace, device=device),
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
        raise UsageError(
            f"--address: must go with --engine ray, got {command.address!r} without"
        )
    return InProcess(plan) if command.workers == 1 else Processes(plan, command.workers)
