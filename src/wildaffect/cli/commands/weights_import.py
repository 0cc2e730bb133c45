"""Check a weight file against a network and store it with its origin and license.

No code in the file is executed and nothing is downloaded; docs/backbones.md lists the
networks.

Example: wildaffect weights import checkpoint-799.pth --as vit_base_patch16_224.mae
--tag celeb --license "research only, agreement of 2026" --source "the authors' page"
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Positional

if TYPE_CHECKING:
    from wildaffect.core.preprocess import Preprocess
    from wildaffect.models.backbones.manifest import WeightManifest

_NUM_SHOWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `weights import`."""

    file: Annotated[Path, Positional("FILE")]
    """A .safetensors file, or a torch file (.pt, .pth) that contains only tensors."""
    as_: str
    """Network that the weights are for, such as iresnet50.arcface, or timm/MODEL."""
    tag: str = ""
    """Tag of the weights, instead of the network's; the full name is architecture.tag."""
    output: Path | None = None
    """Folder to store them in; by default the platform's user data folder."""
    license: str = ""
    """License or agreement of the weights."""
    source: str = ""
    """Origin of the file."""
    key: str = ""
    """Entry of the file that contains the weights, if there are several."""
    classes: tuple[str, ...] = ()
    """Classes of the file's classifier, in order; keeps the classifier."""
    mean: tuple[float, ...] = ()
    """Mean per channel for values in [0, 1], if it differs from the network's."""
    std: tuple[float, ...] = ()
    """Standard deviation per channel for values in [0, 1], if it differs from the
    network's."""
    channels: Literal["rgb", "bgr", "gray", ""] = ""
    """Order of color channels, if it differs from the network's."""
    resize_positions: bool = False
    """Interpolate position embeddings made for another number of patches."""
    overwrite: bool = False
    """Replace weights of the same name."""
    json: bool = False
    """Print the manifest as JSON on standard output."""


def run(command: Command) -> int:
    """Import one file."""
    import json
    from dataclasses import asdict

    from wildaffect.core.progress import ProgressDisplay

    require_train("weights import")
    from wildaffect.models.backbones.registry import backbone_spec
    from wildaffect.models.backbones.weights import ImportRequest, import_weights

    with ProgressDisplay() as progress:
        progress.show(f"checking {command.file.name}")
        manifest = import_weights(
            ImportRequest(
                file=command.file,
                network=command.as_,
                tag=command.tag,
                key=command.key,
                preprocess=_crop(backbone_spec(command.as_).preprocess, command),
                classes=command.classes,
                resize_positions=command.resize_positions,
                source=command.source,
                license=command.license,
            ),
            command.output,
            overwrite=command.overwrite,
        )
    print(json.dumps(asdict(manifest)) if command.json else _summary(manifest))
    return 0


def _crop(preprocess: "Preprocess", command: Command) -> "Preprocess":
    from wildaffect.core.errors import UsageError

    try:
        return replace(
            preprocess,
            channels=command.channels or preprocess.channels,
            mean=command.mean or preprocess.mean,
            std=command.std or preprocess.std,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


def _summary(manifest: "WeightManifest") -> str:
    crop = manifest.preprocess
    features = f"{manifest.feature_dim} features of {crop.size_px} px {crop.channels} crops"
    lines = [
        f"{manifest.name}: every key fits {manifest.network}, {features}",
        f"  license: {manifest.license or 'not stated (--license)'}",
    ]
    if manifest.dropped:
        first = ", ".join(manifest.dropped[:_NUM_SHOWN])
        rest = ", ..." if len(manifest.dropped) > _NUM_SHOWN else ""
        lines.append(f"  skipped, not needed: {len(manifest.dropped)} ({first}{rest})")
    if manifest.classes:
        lines.append(f"  classifier kept: {', '.join(manifest.classes)}")
    if manifest.resized_from:
        lines.append(f"  positions interpolated from {manifest.resized_from} patches")
    return "\n".join(lines)
