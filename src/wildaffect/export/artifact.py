"""Manifest of an exported run or ensemble, for `analyze`."""

from collections.abc import Sequence
from dataclasses import dataclass

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import Task
from wildaffect.core.windows import AnyWindow
from wildaffect.export.bundled_backbones import BundledBackbone
from wildaffect.features.sets import MEASURED
from wildaffect.inference.artifact import network_file
from wildaffect.inference.checks import MIN_GAP_STEPS, check_manifest
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import (
    AGAINST_NEUTRAL,
    FORMAT_VERSION,
    ActionUnitOutput,
    BackboneInput,
    DataSource,
    ExpressionOutput,
    Manifest,
    MeasuredInput,
    Member,
    NeutralPolicy,
)
from wildaffect.training.temporal.ensembles import Ensemble
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


def build_manifest(
    ensemble: Ensemble,
    networks: Sequence[bytes],
    title: Title,
    backbones: Sequence[BundledBackbone] = (),
) -> Manifest:
    """Return the manifest of an artifact with one network per member.

    Args:
        ensemble: Ensemble to export.
        networks: ONNX of each member, in order.
        title: Name, version, license and summary.
        backbones: Backbones of the inputs that analysis does not measure itself.

    Raises:
        UsageError: If features were measured by another version, or members differ in rate
            or neutral.
        BadArtifact: If the manifest is inconsistent.
    """
    check_exportable(ensemble)
    first = ensemble.members[0].trained
    tasks, spaces = ensemble.tasks, ensemble.spaces
    inputs = _all_inputs(ensemble)
    members = tuple(
        Member(
            network=network_file(network_name(index), content),
            weight=member.weight,
            tasks=_own_tasks(member.trained, tasks),
            window=_own_window(member.trained, first),
            inputs=_own_inputs(member.trained, inputs),
            rescaled=dict(member.rescaled),
        )
        for index, (member, content) in enumerate(
            zip(ensemble.members, networks, strict=True)
        )
    )
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        name=title.name,
        version=title.version,
        summary=title.summary or _summary(ensemble),
        license=title.license,
        sources=(*_sources(ensemble), *(backbone.as_source() for backbone in backbones)),
        inputs=tuple(_input(name, backbones) for name in inputs),
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
        window=first.recipe.window,
        rate_hz=_common_rate_hz(ensemble),
        neutral=_common_neutral(ensemble),
        calibration=ensemble.calibration,
    )
    check_manifest(title.name, manifest)
    return manifest


def network_name(index: int) -> str:
    """Return the file name of a member."""
    return f"member-{index}.onnx"


def backbone_name(index: int) -> str:
    """Return the file name of a backbone."""
    return f"backbone-{index}.onnx"


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
    for member in ensemble.members:
        _check_inputs(member.trained)
    members = [member.trained for member in ensemble.members]
    # Frame-wise members have no rate; the others must have the same.
    members.sort(key=lambda one: one.recipe.window.is_frame_wise)
    for other in members[1:]:
        _check_rate(members[0], other)
    readers = [member for member in members if _reads_changes(member)]
    for other in readers[1:]:
        _check_neutral(readers[0], other)


def _all_inputs(ensemble: Ensemble) -> tuple[str, ...]:
    """Return the inputs of all members, in row order."""
    names = [name for member in ensemble.members for name in _inputs(member.trained)]
    return in_order(tuple(dict.fromkeys(names)))


def _inputs(trained: TrainedModel) -> tuple[str, ...]:
    return in_order(trained.recipe.inputs)


def _own_inputs(trained: TrainedModel, together: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the inputs of a member; None for all of them."""
    own = _inputs(trained)
    return None if own == together else own


def _reads_changes(trained: TrainedModel) -> bool:
    return any(name in AGAINST_NEUTRAL for name in trained.recipe.inputs)


def _common_neutral(ensemble: Ensemble) -> NeutralPolicy | None:
    """Return the neutral policy of the members that read changes; None without any."""
    trained = [member.trained for member in ensemble.members]
    policies = [member.recipe.neutral for member in trained if _reads_changes(member)]
    return policies[0] if policies else None


def _own_tasks(
    trained: TrainedModel, together: tuple[Task, ...]
) -> tuple[Task, ...] | None:
    """Return the tasks of a member; None for all of them."""
    own = tuple(task for task in Task if task in trained.recipe.model.tasks)
    return None if own == together else own


def _own_window(trained: TrainedModel, first: TrainedModel) -> AnyWindow | None:
    """Return the window of a member; None if it is that of the first member."""
    own = trained.recipe.window
    return None if own == first.recipe.window else own


def _common_rate_hz(ensemble: Ensemble) -> float | None:
    """Return the rate of the members that are not frame-wise; None without any."""
    rates = [rate_hz(member.trained) for member in ensemble.members]
    return next((rate for rate in rates if rate is not None), None)


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


def _check_neutral(first: TrainedModel, other: TrainedModel) -> None:
    mine, theirs = first.recipe.neutral, other.recipe.neutral
    if mine != theirs:
        raise UsageError(
            f"{other.run.folder}: neutral policy {theirs} differs from {mine} of "
            f"{first.run.folder}; members of an artifact must share it"
        )


def _check_rate(first: TrainedModel, other: TrainedModel) -> None:
    is_alone = any(member.recipe.window.is_frame_wise for member in (first, other))
    same_rate = is_alone or abs(other.data.rate_hz / first.data.rate_hz - 1) < 0.05
    if not same_rate:
        raise UsageError(
            f"{other.run.folder}: {other.data.rate_hz:g} rows per second differ from "
            f"{first.data.rate_hz:g} of {first.run.folder}; members of an artifact must "
            "share the rate"
        )


def _input(
    name: str, backbones: Sequence[BundledBackbone]
) -> MeasuredInput | BackboneInput:
    for index, backbone in enumerate(backbones):
        if backbone.name == name:
            return backbone.as_input(backbone_name(index))
    return MeasuredInput(kind=name, columns=COLUMNS[name])  # type: ignore[arg-type]


def _sources(ensemble: Ensemble) -> tuple[DataSource, ...]:
    every = [
        source for member in ensemble.members for source in member.trained.data.sources
    ]
    return tuple(dict.fromkeys(every))


def _summary(ensemble: Ensemble) -> str:
    first = ensemble.members[0].trained
    num = len(ensemble.members)
    what = f"An ensemble of {num} temporal models" if num > 1 else "A temporal model"
    names = ", ".join(dict.fromkeys(m.trained.recipe.name for m in ensemble.members))
    sources = (
        ", ".join(source.name for source in _sources(ensemble)) or first.data.annotations
    )
    return (
        f"{what} of perceived affect ({names}), trained on {sources}; see CARD.md for what "
        "it was measured on."
    )
