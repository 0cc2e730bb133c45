"""The export command: networks, manifest, proof, card; the artifact is written last."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from wildaffect.core.console import Console
from wildaffect.core.errors import OutputError
from wildaffect.core.files import publish
from wildaffect.core.frames import Frame
from wildaffect.core.tasks import Task
from wildaffect.export.artifact import (
    Title,
    backbone_name,
    build_manifest,
    check_exportable,
    network_name,
)
from wildaffect.export.bundled_backbones import (
    BundledBackbone,
    bundle_backbones,
    needed_backbones,
)
from wildaffect.export.card import write_card
from wildaffect.export.onnx import check_parity, to_onnx
from wildaffect.export.pixels import PixelParity, demo_frames, pixel_parity
from wildaffect.inference.artifact import (
    Artifact,
    load_artifact,
    write_artifact,
    zip_folder,
)
from wildaffect.models.multitask import MultitaskModel
from wildaffect.training.ensembles import load_ensemble
from wildaffect.video.read import open_source

CARD_FILE = "CARD.md"


def export(
    source: Path,
    output: Path,
    title: Title,
    *,
    backbones: Mapping[str, str] | None = None,
    clip: Path | None = None,
) -> int:
    """Export what a run or an ensemble holds, and print what was proven.

    Args:
        source: Folder of a run or an ensemble.
        output: Folder of the artifact, or a file ending in .zip.
        title: What the artifact calls itself.
        backbones: Run or weights behind each feature set that analysis does not measure
            itself.
        clip: Video with a face; None for the one that ships with the package.

    Raises:
        UsageError: If the source cannot be run by analysis as it was trained.
        BadWeights: If a backbone's weights are not there, or were altered.
        BadArtifact: If a network or the analysis differs from what was trained.
        UnreadableVideo: If the clip cannot be read.
        OutputError: If the place is taken or cannot be written.
    """
    if output.exists():
        raise OutputError(
            f"{output}: artifact must be new, got something there; move it away or choose "
            "another place with -o"
        )
    ensemble = load_ensemble(source)
    check_exportable(ensemble)
    models = [member.trained.model for member in ensemble.members]
    console = Console(stderr=True, highlight=False)
    for name in (backbones or {}).keys() - set(needed_backbones(ensemble)):
        console.print(f"note: no member reads {name}; its backbone stays out", markup=False)
    with console.status("exporting networks") as status:
        bundled = bundle_backbones(ensemble, backbones or {})
        contents = [to_onnx(model) for model in models]
        networks = _network_parity(models, contents)
        manifest = build_manifest(ensemble, contents, title, bundled)
        files = {network_name(index): content for index, content in enumerate(contents)}
        files |= {
            backbone_name(index): backbone.onnx for index, backbone in enumerate(bundled)
        }
        status.update("analyzing the clip twice")
        artifact = Artifact(manifest, files, digest="")
        in_torch = {backbone.name: backbone.loaded.backbone for backbone in bundled}
        pixels = pixel_parity(artifact, models, _frames(clip), in_torch)
    card = write_card(ensemble, manifest, networks, pixels, bundled)
    _write(output, artifact, card)
    _tell(output, artifact, networks, pixels, bundled)
    return 0


def _network_parity(
    models: Sequence[MultitaskModel], contents: Sequence[bytes]
) -> dict[Task, float]:
    """Return the largest difference of each task over all members."""
    found = [check_parity(*pair) for pair in zip(models, contents, strict=True)]
    return {
        task: max(one[task] for one in found if task in one)
        for task in Task
        if any(task in one for one in found)
    }


def _frames(clip: Path | None) -> list[Frame]:
    if clip is None:
        return list(demo_frames())
    with open_source(clip) as reader:
        return list(reader)


def _write(output: Path, artifact: Artifact, card: str) -> None:
    part = output.with_name(f".{output.name}.{uuid4().hex}.part")
    files = artifact.networks | {CARD_FILE: card.encode()}
    try:
        write_artifact(part, artifact.manifest, files)
        load_artifact(part)
        if output.suffix == ".zip":
            zip_folder(part, output)
        else:
            publish(part, output)
    except OSError as error:
        raise OutputError(
            f"{output}: artifact must be writable, got {error.strerror}"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _tell(
    output: Path,
    artifact: Artifact,
    networks: dict[Task, float],
    pixels: PixelParity,
    backbones: Sequence[BundledBackbone],
) -> None:
    size = sum(map(len, artifact.networks.values()))
    console = Console(highlight=False, soft_wrap=True)
    for backbone in backbones:
        doubt = (
            ""
            if backbone.is_recorded
            else "; that it made those trained on is not recorded"
        )
        console.print(
            f"backbone {backbone.name}: {backbone.manifest.name}, features at most "
            f"{backbone.error:.1e} of their length from the trained model's{doubt}",
            markup=False,
        )
    console.print(
        f"networks: {len(artifact.networks)}, {size / 1e6:.1f} MB; raw outputs at most "
        f"{max(networks.values()):.1e} from the trained model's\n"
        f"from pixels: {pixels.num_rows} rows at most {max(pixels.largest.values()):.1e} "
        "from the trained model's\n"
        f"{output}: exported; use it: wildaffect analyze VIDEO --model {output}",
        markup=False,
    )
