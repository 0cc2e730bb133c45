"""Cut aligned face crops out of images and videos, as extraction and analysis cut them.

Example: wildaffect crop AffectNet/images -o crops/affectnet --size 112
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `crop`."""

    inputs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders of images (nested as they like) and videos."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder of the crops; images keep their place below the input and their name, so that
    annotations find them. Crops that are there already are passed over."""
    size: int = 112
    """Side in pixels; best that of the network that will be trained."""
    margin: float = 0.25
    """Rim around images, of their size, as tight faces need; 0 for full pictures."""
    every: float = 0.5
    """Least seconds between two frames of a video."""
    device: str = "CPU"
    """Where networks run, as `wildaffect doctor` lists it."""
    threads: int = 1
    """Of each network call; decoding has a thread of its own."""
    json: bool = False
    """Print the counts as JSON on standard output."""
    quiet: bool = False
    """No progress."""


def run(command: Command) -> int:
    """Cut what is not there yet; 1 if an image or a video could not be read."""
    import json

    from wildaffect.core.errors import UsageError
    from wildaffect.features.crops import CropOptions, Cropper, cut_all
    from wildaffect.runtime.network import Device

    if not command.inputs:
        raise UsageError("crop: inputs must be at least one folder or video, got none")
    options = CropOptions(
        size_px=command.size, margin=command.margin, every_s=command.every
    )
    device = Device(name=command.device, threads=command.threads)
    cropper = Cropper(command.output, options, device)
    total = cut_all(cropper, command.inputs, quiet=command.quiet)
    if command.json:
        print(json.dumps(asdict(total)))
    else:
        bad = f", {total.num_unreadable} unreadable" if total.num_unreadable else ""
        print(
            f"{command.output}: {total.num_cut} crops cut, {total.num_before} there "
            f"before, {total.num_faceless} without a face{bad}"
        )
    if total.first_unreadable:
        print(f"the first unreadable: {total.first_unreadable}")
    return 1 if total.num_unreadable else 0
