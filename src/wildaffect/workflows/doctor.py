"""Check of the installation: what an analysis uses here, and how to fix problems."""

import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import av
import cv2
import numpy as np

from wildaffect.analysis.options import build_analyzer
from wildaffect.core.dependencies import Dependency, dependencies, python_versions
from wildaffect.core.errors import BadArtifact
from wildaffect.core.frames import Frame
from wildaffect.core.version import __version__
from wildaffect.demo.clip import PORTRAIT, times, view
from wildaffect.faces.models import VENDORED, VendoredModel
from wildaffect.inference.artifact import embedded_names, load_artifact
from wildaffect.runtime.network import (
    Device,
    available_devices,
    describe_device,
    runtime_version,
)

DECODERS = ("h264", "hevc", "vp9", "av1", "mpeg4", "mjpeg")
ENCODER = "libx264"
SPEED_SIZE = (1280, 720)
SPEED_FRAMES = 90
SLOW_FPS = 25.0
"""Speed below which analysis of a video at a common frame rate is slower than real time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Result of one check."""

    name: str
    found: str
    is_well: bool = True
    fix: str = ""
    """How to fix the problem; empty if there is none."""


def examine(device: Device) -> Iterator[Check]:
    """Yield one check after another; the last one measures the speed."""
    yield Check(name="wildaffect", found=__version__)
    yield check_python(platform.python_version())
    yield check_versions(dependencies())
    yield _runtime(device)
    yield _codecs()
    yield Check(name="images", found=f"OpenCV {cv2.__version__}")
    yield from _models()
    yield from _artifacts()
    yield _speed(device)


def check_python(found: str) -> Check:
    """Compare a version of Python with those that were tested."""
    tested = python_versions()
    is_well = found.rpartition(".")[0] in tested
    return Check(
        name="python",
        found=f"{found} on {platform.platform()}"
        + ("" if is_well else f"; tested: {', '.join(tested)}"),
        is_well=is_well,
        fix="" if is_well else f"make an environment with Python {tested[-1]}",
    )


def check_versions(found: Iterable[Dependency]) -> Check:
    """Compare the installed libraries with the versions that were tested."""
    libraries = list(found)
    untested = [library for library in libraries if not library.is_tested]
    return Check(
        name="versions",
        found=", ".join(map(str, untested)) or f"{len(libraries)} libraries, as tested",
        is_well=not untested,
        fix="; ".join(library.fix for library in untested),
    )


def _runtime(device: Device) -> Check:
    devices = available_devices()
    names = ", ".join(f"{name.lower()} ({describe_device(name)})" for name in devices)
    found = f"{runtime_version()}; {os.cpu_count()} cores; devices: {names}"
    is_well = device.name.split(".")[0] in {name.split(".")[0] for name in devices}
    fix = f"choose one of {', '.join(devices).lower()} with --device, or install its driver"
    return Check(name="runtime", found=found, is_well=is_well, fix="" if is_well else fix)


def _codecs() -> Check:
    missing = [name for name in DECODERS if not _has_codec(name, "r")]
    if not _has_codec(ENCODER, "w"):
        missing.append(f"{ENCODER} (overlay videos)")
    ffmpeg = ".".join(map(str, av.library_versions["libavcodec"]))
    return Check(
        name="codecs",
        found=f"PyAV {av.__version__}, libavcodec {ffmpeg}; missing: "
        + (", ".join(missing) or "none"),
        is_well=not missing,
        fix="pip install --force-reinstall --only-binary=:all: av" if missing else "",
    )


def _has_codec(name: str, mode: Literal["r", "w"]) -> bool:
    try:
        av.Codec(name, mode)
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def _models() -> Iterator[Check]:
    for model in VENDORED:
        yield _tried(f"model {model.name}", partial(_look_at_model, model))


def _look_at_model(model: VendoredModel) -> str:
    return f"{model.verified_path().name}, sha256 {model.sha256}"


def _artifacts() -> Iterator[Check]:
    for name in embedded_names():
        yield _tried(f"artifact {name}", partial(_look_at_artifact, name))


def _look_at_artifact(name: str) -> str:
    manifest = load_artifact(name).manifest
    sources = ", ".join(f"{source.name} ({source.license})" for source in manifest.sources)
    return f"{manifest.summary} Made from: {sources or 'no data'}"


def _tried(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, found=look())
    except BadArtifact as error:
        fix = "reinstall: pip install --force-reinstall --no-deps . in a fresh clone"
        return Check(name=name, found=str(error), is_well=False, fix=fix)


def _speed(device: Device) -> Check:
    try:
        analyzer = build_analyzer(device=device)
    except BadArtifact as error:
        return Check(name="speed", found=str(error), is_well=False, fix="see above")
    frames = list(_frames())
    started_s = time.monotonic()
    num_rows = sum(1 for _ in analyzer.run(frames))
    fps = len(frames) / (time.monotonic() - started_s)
    is_well = fps >= SLOW_FPS and num_rows == len(frames)
    width, height = SPEED_SIZE
    return Check(
        name="speed",
        found=f"{fps:.0f} frames/s with one face at {width}x{height}, decoding left out",
        is_well=is_well,
        fix="" if is_well else "use --every 2 or more, or a machine with AVX2",
    )


def _frames() -> Iterator[Frame]:
    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    for index, time_s in zip(range(SPEED_FRAMES), times(), strict=False):
        rgb = np.asarray(cv2.resize(view(portrait, time_s), SPEED_SIZE), np.uint8)
        yield Frame(index=index, time_s=time_s, rgb=rgb)
