"""Artifact of a run or ensemble, for `analyze`."""

from collections.abc import Sequence
from dataclasses import dataclass

from wildaffect.core.errors import UsageError
from wildaffect.core.scales import NO_SCALES
from wildaffect.core.tasks import Task
from wildaffect.export.bundled_backbones import BundledBackbone
from wildaffect.features.sets import MEASURED
from wildaffect.inference.artifact import Artifact, network_file
from wildaffect.inference.checks import MIN_GAP_STEPS, check_manifest
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import (
    AGAINST_NEUTRAL,
    FORMAT_VERSION,
    ActionUnitOutput,
    DataSource,
    ExpressionOutput,
    Manifest,
    MeasuredInput,
    Member,
    NetworkFile,
)
from wildaffect.training.temporal.ensembles import Ensemble, EnsembleMember, tasks_of
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.training.temporal.sequence_inputs import MEASURED_SET, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """Name, version, license and summary of an artifact."""

    name: str
    version: str
    license: str
    summary: str | None = None
    """One sentence; None to derive it from the training data."""


def build_artifact(
    ensemble: Ensemble,
    networks: Sequence[bytes],
    title: Title,
    backbones: Sequence[BundledBackbone] = (),
) -> Artifact:
    """Return an artifact with one network per member; it has no digest until written.

    Args:
        ensemble: Ensemble to export, checked by `check_exportable`.
        networks: ONNX of each member, in order.
        title: Name, version, license and summary.
        backbones: Backbones of the inputs that analysis does not measure itself.

    Raises:
        BadArtifact: If the manifest is inconsistent.
    """
    trained = [member.trained for member in ensemble.members]
    tasks, spaces = ensemble.tasks, ensemble.spaces
    inputs = in_order(
        tuple(dict.fromkeys(name for model in trained for name in model.recipe.inputs))
    )
    sources = tuple(dict.fromkeys(each for model in trained for each in model.data.sources))
    files = {f"member-{index}.onnx": onnx for index, onnx in enumerate(networks)}
    members = tuple(
        _member(member, network_file(file, onnx), ensemble, inputs)
        for member, (file, onnx) in zip(ensemble.members, files.items(), strict=True)
    )
    computed = {
        backbone.name: backbone.as_input(f"backbone-{index}.onnx")
        for index, backbone in enumerate(backbones)
    }
    files |= {computed[backbone.name].network.file: backbone.onnx for backbone in backbones}
    rates = [rate for rate in map(rate_hz, trained) if rate is not None]
    policies = [model.recipe.neutral for model in trained if _reads_changes(model)]
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        name=title.name,
        version=title.version,
        summary=title.summary or _summary(trained, sources),
        license=title.license,
        sources=(*sources, *(backbone.as_source() for backbone in backbones)),
        inputs=tuple(
            computed.get(name) or MeasuredInput(kind=name, columns=COLUMNS[name])  # type: ignore[arg-type]
            for name in inputs
        ),
        members=members,
        predicts_valence=Task.VALENCE in tasks,
        predicts_arousal=Task.AROUSAL in tasks,
        expression=ExpressionOutput(
            space=spaces.expressions, predicted=spaces.expressions.labels
        )
        if Task.EXPRESSION in tasks
        else None,
        action_units=ActionUnitOutput(
            space=spaces.action_units, predicted=spaces.action_units.labels
        )
        if Task.ACTION_UNITS in tasks
        else None,
        dimensions=spaces.dimensions if Task.DIMENSIONS in tasks else NO_SCALES,
        intensities=spaces.intensities if Task.INTENSITIES in tasks else NO_SCALES,
        window=trained[0].recipe.window,
        rate_hz=rates[0] if rates else None,
        neutral=policies[0] if policies else None,
        calibration=ensemble.calibration,
    )
    check_manifest(title.name, manifest)
    return Artifact(manifest, files, digest="")


def rate_hz(trained: TrainedModel) -> float | None:
    """Return the rows per second to analyze; None for frame-wise models."""
    if trained.recipe.window.is_frame_wise:
        return None
    return float(f"{trained.data.rate_hz:.6g}")


def check_exportable(ensemble: Ensemble) -> None:
    """Check that analysis can run the ensemble as trained.

    Raises:
        UsageError: Naming the run and what is wrong.
    """
    members = [member.trained for member in ensemble.members]
    for member in members:
        _check_inputs(member)
    in_windows = [member for member in members if not member.recipe.window.is_frame_wise]
    for other in in_windows[1:]:
        first = in_windows[0]
        if abs(other.data.rate_hz / first.data.rate_hz - 1) >= 0.05:
            raise UsageError(
                f"{other.run.folder}: {other.data.rate_hz:g} rows per second differ from "
                f"{first.data.rate_hz:g} of {first.run.folder}; members of an artifact "
                "must share the rate"
            )
    readers = [member for member in members if _reads_changes(member)]
    for other in readers[1:]:
        mine, theirs = readers[0].recipe.neutral, other.recipe.neutral
        if mine != theirs:
            raise UsageError(
                f"{other.run.folder}: neutral policy {theirs} differs from {mine} of "
                f"{readers[0].run.folder}; members of an artifact must share it"
            )


def _member(
    member: EnsembleMember,
    network: NetworkFile,
    ensemble: Ensemble,
    inputs: tuple[str, ...],
) -> Member:
    """Return the entry of a member; tasks, window and inputs only if they are its own."""
    recipe = member.trained.recipe
    tasks, own_inputs = tasks_of([member.trained]), in_order(recipe.inputs)
    common_window = ensemble.members[0].trained.recipe.window
    return Member(
        network=network,
        weight=member.weight,
        tasks=None if tasks == ensemble.tasks else tasks,
        window=None if recipe.window == common_window else recipe.window,
        inputs=None if own_inputs == inputs else own_inputs,
        rescaled=dict(member.rescaled),
    )


def _reads_changes(trained: TrainedModel) -> bool:
    return any(name in AGAINST_NEUTRAL for name in trained.recipe.inputs)


def _check_inputs(trained: TrainedModel) -> None:
    where = trained.run.folder
    for name in trained.recipe.inputs:
        if name in MEASURED and name not in COLUMNS:
            raise UsageError(
                f"{where}: input {name!r} is neither measured by analysis "
                f"({', '.join(COLUMNS)}) nor computed by a backbone; train without it"
            )
    own = MEASURED[MEASURED_SET]().weights_sha256
    found = trained.data.feature_digests.get(MEASURED_SET, own)
    if found != own:
        raise UsageError(
            f"{where}: trained on features measured by another version "
            f"({found[:12]} instead of {own[:12]}); extract them again and retrain"
        )
    gap_s, rate = trained.recipe.window.max_gap_s, rate_hz(trained)
    if rate is not None and gap_s * rate < MIN_GAP_STEPS - 1e-6:
        raise UsageError(
            f"{where}: window.max_gap_s must be at least {MIN_GAP_STEPS / rate:.3g} s, two "
            f"steps of the {rate:g} rows per second it was trained on, got {gap_s:g} s"
        )


def _summary(trained: Sequence[TrainedModel], sources: Sequence[DataSource]) -> str:
    num = len(trained)
    what = f"An ensemble of {num} temporal models" if num > 1 else "A temporal model"
    names = ", ".join(dict.fromkeys(model.recipe.name for model in trained))
    data = ", ".join(source.name for source in sources) or trained[0].data.annotations
    return (
        f"{what} of perceived affect ({names}), trained on {data}; see CARD.md for what "
        "it was measured on."
    )
