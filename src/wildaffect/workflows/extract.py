"""Compute features of every face in videos or image folders, and store them."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from wildaffect.core.clips import DEFAULT_CLIPS, ClipOptions, RowAt
from wildaffect.core.errors import MissingExtra, UsageError
from wildaffect.core.frames import VideoInfo
from wildaffect.core.shards import Shard
from wildaffect.engines.choose import choose_engine
from wildaffect.engines.engine import OnFrame
from wildaffect.features.clip_sets import ClipSet
from wildaffect.features.extract import Extracted, ExtractOptions, ExtractPlan
from wildaffect.features.extract_all import ExtractResult, OnVideo, extract_all
from wildaffect.features.extract_sources import ExtractSource, Images, find_extract_sources
from wildaffect.features.records import Precision
from wildaffect.features.sets import MEASURED, FeatureSet, measured_sets
from wildaffect.features.store import FeatureStore
from wildaffect.runtime.network import Device
from wildaffect.video.inputs import local_path

BackbonePrecision = Literal["auto", "f32", "bf16"]


def _no_video(outcome: Extracted, num_videos: int) -> None:
    """Do nothing."""


def _no_frame(source: ExtractSource, info: VideoInfo, num_frames: int) -> None:
    """Do nothing."""


def extract(  # noqa: PLR0913 - each is an option of the command
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    feature_sets: str | Path | Sequence[str | Path] = ("geometry",),
    images_as: Images = "crops",
    dtype: Precision = "float16",
    overwrite: bool = False,
    device: str = "cpu",
    precision: BackbonePrecision = "auto",
    clip_step_s: float | None = None,
    clip_stride: int | None = None,
    clip_row_at: RowAt = "middle",
    num_threads: int = 1,
    num_workers: int = 1,
    cluster: str | None = None,
    shard: str | None = None,
    on_video: OnVideo = _no_video,
    on_frame: OnFrame[ExtractSource] = _no_frame,
) -> ExtractResult:
    """Extract the features of every video that is not in the store yet.

    Args:
        inputs: Videos, and folders of videos or of images that are named by frame number.
        output: Folder of the feature store; created if missing.
        feature_sets: `geometry`, `mesh`, names of imported weights, or folders of
            runs of `pretrain` or `finetune`.
        images_as: Content of image folders: face `crops`, `aligned` crops that are used
            unchanged, or the `sequence` of full frames of one video.
        dtype: Data type of the stored features.
        overwrite: Overwrite features of another version of the video or of the networks.
        device: Device of the networks. With `cuda`, backbones run in torch on a GPU and
            the face networks on the CPU.
        precision: Precision of backbones; `auto` uses bf16 if supported and accurate.
        clip_step_s: Seconds between two frames of a clip of a video backbone; None for
            those of its training.
        clip_stride: Number of such steps between the starts of two clips; None for the
            network's own.
        clip_row_at: Frame of a clip at which its row stands: `middle`, or `end`, which
            uses no later frames.
        num_threads: Threads per network call.
        num_workers: Number of videos in parallel, each in a process.
        cluster: Address of a Ray cluster whose machines share inputs and store, `local` to
            start Ray on this machine; None to run without Ray.
        shard: Part of the videos, as `I/N` with I from 1 to N; all by default.
        on_video: Called with the outcome of each video as it ends, and the number of all.
        on_frame: Called with the number of frames of a video that were read so far.

    Returns:
        The outcomes. A video that fails does not stop the others; see `has_errors`.

    Raises:
        UsageError: If an argument is invalid, or two videos have the same name.
        UnreadableVideo: If a folder contains neither videos nor images.
        MissingExtra: If backbones or Ray are used and not installed.
        BadWeights: If there are no such weights.
        OutputError: If the store cannot be written to at all.
    """
    paths = (inputs,) if isinstance(inputs, str | Path) else inputs
    named = (feature_sets,) if isinstance(feature_sets, str | Path) else feature_sets
    names = tuple(map(str, named))
    jobs = Shard.parse(shard).of(find_extract_sources(map(local_path, paths), images_as))
    is_cuda = device.lower() == "cuda"
    on = Device(name="cpu" if is_cuda else device, threads=num_threads)
    clips = ClipOptions(step_s=clip_step_s, stride=clip_stride, row_at=clip_row_at)
    plan = ExtractPlan(
        store=Path(output).absolute(),
        sets=_sets(names, images_as, on, precision, clips, is_cuda=is_cuda),
        options=ExtractOptions(dtype=dtype, replace=overwrite, device=on),
    )
    engine = choose_engine(plan, num_workers, cluster, num_gpus=int(is_cuda))
    return extract_all(
        jobs, FeatureStore(Path(output)), engine, on_video=on_video, on_frame=on_frame
    )


def _sets(
    names: tuple[str, ...],
    images_as: Images,
    device: Device,
    precision: BackbonePrecision,
    clips: ClipOptions,
    *,
    is_cuda: bool,
) -> tuple[FeatureSet | ClipSet, ...]:
    if not names:
        raise UsageError("feature_sets: must be at least one feature set, got none")
    measured = [name for name in names if name in MEASURED]
    if images_as == "aligned" and measured:
        raise UsageError(
            f"feature_sets: must be backbones for aligned images, got {', '.join(measured)}"
        )
    backbones = [name for name in names if name not in MEASURED]
    sets: list[FeatureSet | ClipSet] = [*measured_sets(measured)]
    if backbones:
        if find_spec("torch") is None or find_spec("onnx") is None:
            raise MissingExtra(f"extracting features of {backbones[0]}", "train")
        from wildaffect.recipes.embedders import backbone_sets  # noqa: PLC0415 - torch

        sets += backbone_sets(
            backbones, device, precision=precision, on_cuda=is_cuda, clips=clips
        )
    if clips != DEFAULT_CLIPS and not any(isinstance(each, ClipSet) for each in sets):
        raise UsageError(
            "clip_step_s, clip_stride and clip_row_at are for video backbones, got none "
            f"among {', '.join(names)}; leave them out"
        )
    return tuple(sets)
