"""Export a run or an ensemble to a model for `analyze`; it is written last."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.files import publish
from wildaffect.core.printable import counted
from wildaffect.core.tasks import Task
from wildaffect.export.artifact import Title, build_artifact, check_exportable
from wildaffect.export.bundled_backbones import (
    BundledBackbone,
    bundle_backbones,
    needed_backbones,
)
from wildaffect.export.card import write_card
from wildaffect.export.onnx import check_parity, to_onnx
from wildaffect.export.pixels import PixelParity, clip_frames, pixel_parity
from wildaffect.inference.artifact import (
    Artifact,
    load_artifact,
    write_artifact,
    zip_folder,
)
from wildaffect.training.temporal.ensembles import Ensemble, load_ensemble
from wildaffect.training.temporal.without_sets import without_sets

CARD_FILE = "CARD.md"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExportResult:
    """An exported model, and its differences from the trained model."""

    path: Path
    artifact: Artifact
    networks: Mapping[Task, float]
    """Largest difference of raw outputs from the trained model's, by task."""
    pixels: PixelParity
    """Largest differences over a clip, from its pixels."""
    backbones: tuple[BundledBackbone, ...]
    notes: tuple[str, ...] = ()

    @property
    def num_bytes(self) -> int:
        """Size of the networks."""
        return sum(map(len, self.artifact.networks.values()))

    def __repr__(self) -> str:
        return (
            f"ExportResult({self.path}: {counted(len(self.artifact.networks), 'network')}, "
            f"{self.num_bytes / 1e6:.1f} MB, at most {max(self.networks.values()):.1e} "
            "from the trained model)"
        )


def export_model(  # noqa: PLR0913 - each is an option of the command
    source: str | Path,
    output: str | Path,
    *,
    name: str | None = None,
    version: str = "1",
    license: str = "not stated",  # noqa: A002 - as everywhere
    summary: str | None = None,
    backbones: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
    clip: str | Path | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,  # noqa: ARG005
) -> ExportResult:
    """Export a run or an ensemble to a model for `analyze`, once parity is checked.

    Args:
        source: Folder of a run or an ensemble.
        output: Folder of the artifact, or a file ending in .zip.
        name: Name of the model; that of the output by default.
        version: Version of the model.
        license: License of the model; that of the data is repeated from the run.
        summary: One sentence on what the model is and is not; by default derived from the
            run.
        backbones: Run or weights behind each feature set that analysis does not measure
            itself.
        without: Feature sets to do without, such as those of sound, which analysis does
            not have. Needs late fusion, or another with `alone` or `set_dropout`.
        clip: Video with a face; None for the video included in the package.
        on_stage: Called with the name of each stage as it begins.

    Raises:
        UsageError: If analysis cannot run the source as it was trained.
        BadWeights: If a backbone's weights are missing or were altered.
        BadArtifact: If a network or the analysis differs from what was trained.
        UnreadableVideo: If the clip cannot be read.
        OutputError: If the place is taken or cannot be written.
    """
    output = Path(output)
    if output.exists():
        raise OutputError(
            f"{output}: artifact must be new, got something there; move it away or choose "
            "another place"
        )
    ensemble = _without(load_ensemble(Path(source)), without)
    check_exportable(ensemble)
    models = [member.trained.model for member in ensemble.members]
    unread = (backbones or {}).keys() - set(needed_backbones(ensemble))
    on_stage("exporting networks")
    bundled = bundle_backbones(ensemble, backbones or {})
    contents = [to_onnx(model) for model in models]
    networks: dict[Task, float] = {}
    for model, content in zip(models, contents, strict=True):
        for task, difference in check_parity(model, content).items():
            networks[task] = max(difference, networks.get(task, 0.0))
    title = Title(
        name=name or output.name.removesuffix(".zip"),
        version=version,
        license=license,
        summary=summary,
    )
    artifact = build_artifact(ensemble, contents, title, bundled)
    on_stage("analyzing the clip twice")
    in_torch = {backbone.name: backbone.loaded.backbone for backbone in bundled}
    pixels = pixel_parity(artifact, models, clip_frames(clip), in_torch)
    card = write_card(ensemble, artifact.manifest, networks, pixels, bundled)
    _write(output, artifact, card)
    return ExportResult(
        path=output,
        artifact=artifact,
        networks=networks,
        pixels=pixels,
        backbones=tuple(bundled),
        notes=(
            *(f"no member reads {each}; its backbone is left out" for each in unread),
            *(
                f"the artifact does without {name}; scores of the run are not its own"
                for name in without
            ),
        ),
    )


def _without(ensemble: Ensemble, sets: Sequence[str]) -> Ensemble:
    """Return the ensemble without feature sets; raises UsageError for unknown ones."""
    members = tuple(
        replace(member, trained=without_sets(member.trained, sets))
        for member in ensemble.members
    )
    found = {name for member in members for name in member.trained.without}
    for name in sets:
        if name not in found:
            raise UsageError(f"{ensemble.folder}: no member reads the feature set {name!r}")
    return replace(ensemble, members=members)


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
