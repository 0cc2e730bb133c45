"""Cut aligned face crops from images and videos, the same way as `extract` and `analyze`.

Example: wildaffect crop AffectNet/images -o crops/affectnet --size 112
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional
from wildaffect.core.checks import check_numbers
from wildaffect.core.threads import AnalysisThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `crop`."""

    inputs: Annotated[tuple[str, ...], Positional("INPUT")]
    """Folders of images (at any depth) and videos."""
    output: Path
    """Folder for the crops. Images keep their relative path and name, so annotations still
    match. Existing crops are skipped."""
    size: int = 112
    """Side in pixels; use the input size of the network to train."""
    margin: float = 0.25
    """Padding around each image as a fraction of its size, for tightly cropped faces; 0 for
    full pictures."""
    interval: float = 0.5
    """Minimum seconds between two frames of a video."""
    device: str = "cpu"
    """Device that runs the networks; `wildaffect doctor` lists them."""
    threads: AnalysisThreads = 1
    """Threads per network call, without effect on results; decoding uses one more. auto: as
    many as the CPUs that this process may use."""
    json: bool = False
    """Print the counts as JSON on standard output."""
    quiet: bool = False
    """Print no progress."""

    def __post_init__(self) -> None:
        check_numbers("crop", "[1, inf)", size=self.size)
        check_numbers("crop", "[0, inf)", margin=self.margin, interval=self.interval)


def run(command: Command) -> int:
    """Cut missing crops; return 1 if an image or a video could not be read."""
    import json

    from wildaffect.core.errors import UsageError
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.features.crops import CropOptions, Cropper, cut_all
    from wildaffect.runtime.network import Device
    from wildaffect.video.inputs import local_path

    if not command.inputs:
        raise UsageError("crop: no input given; name a folder of images or a video")
    options = CropOptions(
        size_px=command.size, margin=command.margin, every_s=command.interval
    )
    device = Device(name=command.device, threads=command.threads)
    cropper = Cropper(command.output, options, device)
    with ProgressDisplay(quiet=command.quiet) as display:
        total = cut_all(cropper, list(map(local_path, command.inputs)), display.show)
    if command.json:
        print(json.dumps(asdict(total)))
    else:
        bad = f", {total.num_unreadable} unreadable" if total.num_unreadable else ""
        print(
            f"{command.output}: {total.num_cut} crops cut, {total.num_before} already "
            f"there, {total.num_faceless} without a face{bad}"
        )
    if total.first_unreadable:
        print(f"first unreadable: {total.first_unreadable}")
    return 1 if total.num_unreadable else 0
