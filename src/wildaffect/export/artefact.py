"""A run or an ensemble as an artefact: what `analyze` needs to know of its networks."""

from collections.abc import Sequence
from dataclasses import dataclass

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import Task
from wildaffect.core.windows import AnyWindow
from wildaffect.features.sets import MEASURED
from wildaffect.inference.artefact import network_file
from wildaffect.inference.checks import MIN_GAP_STEPS, check_manifest
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import (
    FORMAT_VERSION,
    ActionUnitOutput,
    DataSource,
    ExpressionOutput,
    Manifest,
    MeasuredInput,
    Member,
)
from wildaffect.inference.sequence_inputs import MEASURED_SET, in_order
from wildaffect.training.ensembles import Ensemble
from wildaffect.training.runs import TrainedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What an artefact calls itself."""

    name: str
    version: str
    license: str
    summary: str | None = None
    """One sentence; None for one made of what it was trained on."""


def build_manifest(ensemble: Ensemble, networks: Sequence[bytes], title: Title) -> Manifest:
    """Return the manifest of an artefact with one network per member.

    Args:
        ensemble: What predicts.
        networks: ONNX of each member, in order.
        title: What it is called.

    Raises:
        UsageError: If an input is no kind of measurement, features were measured by
            another version, or members differ in inputs, rate or neutral.
        BadArtefact: If what follows contradicts itself.
    """
    check_exportable(ensemble)
    first = ensemble.members[0].trained
    inputs = in_order(first.recipe.inputs)
    members = tuple(
        Member(
            network=network_file(network_name(index), content),
            weight=member.weight,
            tasks=_own_tasks(member.trained, ensemble.tasks),
            window=_own_window(member.trained, first),
            rescaled=dict(member.rescaled),
        )
        for index, (member, content) in enumerate(
            zip(ensemble.members, networks, strict=True)
        )
    )
    tasks, spaces = ensemble.tasks, ensemble.spaces
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        name=title.name,
        version=title.version,
        summary=title.summary or _summary(ensemble),
        license=title.license,
        sources=_sources(ensemble),
        inputs=tuple(_measured_input(name) for name in inputs),
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
        neutral=first.recipe.neutral
        if any(name.endswith("_change") for name in inputs)
        else None,
        calibration=ensemble.calibration,
    )
    check_manifest(title.name, manifest)
    return manifest


def network_name(index: int) -> str:
    """Return the file of a member."""
    return f"member-{index}.onnx"


def rate_hz(trained: TrainedModel) -> float | None:
    """Return the rows per second that analysis keeps to; None where rows stand alone."""
    if trained.recipe.window.is_frame_wise:
        return None
    return float(f"{trained.data.rate_hz:.6g}")


def check_exportable(ensemble: Ensemble) -> None:
    """Refuse what analysis could not run as it was trained.

    Raises:
        UsageError: Naming the run and what is wrong.
    """
    for member in ensemble.members:
        _check_inputs(member.trained)
    members = [member.trained for member in ensemble.members]
    # Rows that stand alone have no rate: the others are compared with one another.
    members.sort(key=lambda one: one.recipe.window.is_frame_wise)
    for other in members[1:]:
        _check_alike(members[0], other)


def _own_tasks(
    trained: TrainedModel, together: tuple[Task, ...]
) -> tuple[Task, ...] | None:
    """Return what a member predicts, None where that is all that the members do."""
    own = tuple(task for task in Task if task in trained.recipe.model.tasks)
    return None if own == together else own


def _own_window(trained: TrainedModel, first: TrainedModel) -> AnyWindow | None:
    """Return a member's window, None where it is the first one's."""
    own = trained.recipe.window
    return None if own == first.recipe.window else own


def _common_rate_hz(ensemble: Ensemble) -> float | None:
    """Return the rate of the members that see more than a row, None if none does."""
    rates = [rate_hz(member.trained) for member in ensemble.members]
    return next((rate for rate in rates if rate is not None), None)


def _check_inputs(trained: TrainedModel) -> None:
    where = trained.run.folder
    for name in trained.recipe.inputs:
        if name not in COLUMNS:
            raise UsageError(
                f"{where}: inputs must be what analysis measures itself "
                f"({', '.join(COLUMNS)}), got {name!r}, which needs a backbone network in "
                "the artefact; that is not possible yet"
            )
    own = MEASURED[MEASURED_SET]().weights_sha256
    found = trained.data.feature_digests[MEASURED_SET]
    if found != own:
        raise UsageError(
            f"{where}: measurements must be those of this version ({own[:12]}), got "
            f"{found[:12]}; extract the features again and train on them"
        )
    gap_s, rate = trained.recipe.window.max_gap_s, rate_hz(trained)
    if rate is not None and gap_s * rate < MIN_GAP_STEPS - 1e-6:
        raise UsageError(
            f"{where}: window.max_gap_s must be at least {MIN_GAP_STEPS / rate:.3g} s, two "
            f"steps of the {rate:g} rows per second it was trained on, got {gap_s:g} s"
        )


def _check_alike(first: TrainedModel, other: TrainedModel) -> None:
    is_alone = any(one.recipe.window.is_frame_wise for one in (first, other))
    same_rate = is_alone or abs(other.data.rate_hz / first.data.rate_hz - 1) < 0.05
    for what, mine, theirs in (
        ("inputs", in_order(first.recipe.inputs), in_order(other.recipe.inputs)),
        ("neutral", first.recipe.neutral, other.recipe.neutral),
    ):
        if mine != theirs:
            raise UsageError(
                f"{other.run.folder}: {what} must be that of {first.run.folder}, as one "
                f"analysis runs all members, got {theirs} for {mine}"
            )
    if not same_rate:
        raise UsageError(
            f"{other.run.folder}: rows per second must be those of {first.run.folder}, as "
            f"one analysis runs all members, got {other.data.rate_hz:g} for "
            f"{first.data.rate_hz:g}"
        )


def _measured_input(name: str) -> MeasuredInput:
    return MeasuredInput(kind=name, columns=COLUMNS[name])  # type: ignore[arg-type]


def _sources(ensemble: Ensemble) -> tuple[DataSource, ...]:
    every = [one for member in ensemble.members for one in member.trained.data.sources]
    return tuple(dict.fromkeys(every))


def _summary(ensemble: Ensemble) -> str:
    first = ensemble.members[0].trained
    num = len(ensemble.members)
    what = f"An ensemble of {num} temporal models" if num > 1 else "A temporal model"
    names = ", ".join(dict.fromkeys(m.trained.recipe.name for m in ensemble.members))
    sources = ", ".join(one.name for one in _sources(ensemble)) or first.data.annotations
    return (
        f"{what} of perceived affect ({names}), trained on {sources}; see CARD.md for what "
        "it was measured on."
    )
