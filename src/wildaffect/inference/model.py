"""Model outputs for the feature rows of one window.

Symbols: M members, L rows of a window, T rows, D features, K columns of `Layout`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtifact
from wildaffect.core.tasks import SCALE_TASKS, SINGLE_TASKS, LabelSpaces, Task
from wildaffect.core.windows import AnyWindow
from wildaffect.inference.artifact import Artifact
from wildaffect.inference.checks import MemberNetwork, check_member
from wildaffect.inference.manifest import Affine, Manifest, Member
from wildaffect.runtime.network import Device, Network

Floats = NDArray[np.floating]
SPREAD = "spread"
"""Prefix of the columns of the spread over members."""
INTENSITY = "action_unit_intensity"
"""Columns, and a member's output, of the intensities of action units."""
SIDES = (f"{INTENSITY}_left", f"{INTENSITY}_right")
"""The same on the subject's left and right side."""
INTENSITIES = (INTENSITY, *SIDES)
MAX_INTENSITY = 5.0
"""E of the Facial Action Coding System; 1 is A, 0 not shown."""
IDENTITY = Affine()
_LEAST_LOGIT = -700.0
"""Lower limit of logits, below which the exponential overflows float64; the probability is
0 either way."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of each task in a model's output."""

    columns: dict[str, slice]
    num_columns: int


def layout_of(manifest: Manifest) -> Layout:
    """Return the output columns of a manifest's model; a task not predicted has none."""
    widths: dict[str, int] = {}
    for task in manifest.tasks:
        if task in SINGLE_TASKS:
            widths[task] = 1
            widths[f"{SPREAD} {task}"] = 1
    if manifest.expression:
        widths[Task.EXPRESSION] = len(manifest.expression.predicted)
    if manifest.action_units:
        widths[Task.ACTION_UNITS] = len(manifest.action_units.predicted)
        if manifest.action_units.intensity:
            widths[INTENSITY] = widths[Task.ACTION_UNITS]
        if manifest.action_units.sided:
            widths |= dict.fromkeys(SIDES, widths[Task.ACTION_UNITS])
    for task in SCALE_TASKS:
        if task in manifest.tasks:
            widths[task] = len(manifest.spaces.scales(task))
    stops = np.cumsum(list(widths.values())).tolist()
    columns = {
        name: slice(stop - width, stop)
        for (name, width), stop in zip(widths.items(), stops, strict=True)
    }
    return Layout(columns, stops[-1] if stops else 0)


def task_of_columns(name: str) -> Task:
    """Return the task whose weights and smoothing apply to some columns of a layout."""
    if name in INTENSITIES:
        return Task.ACTION_UNITS
    return Task(name.removeprefix(f"{SPREAD} "))


class WindowGroup:
    """Members with the same window, run together; has no state between windows.

    Args:
        manifest: Manifest of the artifact.
        members: Members of the group, each with its network.
        layout: Layout of the outputs; columns of tasks that no member here predicts are 0.
    """

    def __init__(
        self,
        manifest: Manifest,
        members: Sequence[tuple[Member, MemberNetwork]],
        layout: Layout,
    ) -> None:
        self.window = manifest.window_of(members[0][0])
        self.rate_hz = None if self.window.is_frame_wise else manifest.rate_hz
        self._name, self._members, self._layout = manifest.name, members, layout
        self._spaces = manifest.spaces
        self._tasks = [manifest.tasks_of(member) for member, _ in members]
        self._read = [_columns_read(manifest, member) for member, _ in members]
        self.weights = np.zeros((len(members), layout.num_columns))
        """Weight of each member in each column, shape (M, K)."""
        for row, (member, _) in enumerate(members):
            for columns in _columns_of(layout, self._tasks[row]):
                self.weights[row, columns] = member.weight
        self._shares = _shares(self.weights)

    def __call__(self, rows: Floats, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return values and probabilities, (L, K), for features (L, D) at their times.

        Raises:
            BadArtifact: If a network output is not finite.
        """
        rows = rows.astype(np.float32)
        inputs: dict[str, NDArray[Any]] = {
            "lengths": np.array([len(rows)], np.int64),
            "times_s": (times_s - times_s[0])[None].astype(np.float32),
        }
        model_outputs = np.stack(
            [
                self._ask(place, {"features": rows[None, :, columns]} | inputs)
                for place, columns in enumerate(self._read)
            ]
        )
        mean = np.einsum("mk,mlk->lk", self._shares, model_outputs)
        for values, spread in _spreads(self._layout):
            squares = (model_outputs[:, :, values] - mean[:, values]) ** 2
            variance = np.einsum("mk,mlk->lk", self._shares[:, values], squares)
            mean[:, spread] = np.sqrt(variance)
        return mean.astype(np.float32)

    def _ask(self, place: int, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
        member, network = self._members[place]
        num_rows = inputs["features"].shape[1]
        where = f"{self._name}/{member.network.file}"
        try:
            answers = network(*(inputs[name] for name in network.input_names))
        except RuntimeError as error:
            raise BadArtifact(
                f"{where}: must accept a window of {num_rows} rows, got: {error}"
            ) from error
        outputs = dict(zip(network.output_names, answers, strict=True))
        model_outputs = np.zeros((num_rows, self._layout.num_columns))
        for task in self._tasks[place]:
            columns = self._layout.columns[task]
            raw = _checked(where, task, outputs[task], num_rows, columns)
            affine = member.rescaled.get(task, IDENTITY)
            model_outputs[:, columns] = _read(task, raw, affine, self._spaces)
        for name in _intensities(self._layout, self._tasks[place]):
            columns = self._layout.columns[name]
            levels = _checked(where, name, outputs[name], num_rows, columns)
            model_outputs[:, columns] = np.clip(levels, 0.0, MAX_INTENSITY)
        return model_outputs


class Model:
    """The networks of an artifact, grouped by window.

    Args:
        artifact: Artifact with the manifest.
        device: Where its networks run.
        networks: Replacements of the artifact's networks, one per member; empty for its
            own.

    Raises:
        BadArtifact: If inputs or outputs of a network differ from the manifest.
    """

    def __init__(
        self,
        artifact: Artifact,
        device: Device,
        networks: Sequence[MemberNetwork] = (),
    ) -> None:
        self.manifest = artifact.manifest
        self.layout = layout_of(self.manifest)
        given: Sequence[MemberNetwork] = networks or [
            Network(artifact.networks[member.network.file], device=device)
            for member in self.manifest.members
        ]
        by_window: dict[AnyWindow, list[tuple[Member, MemberNetwork]]] = {}
        for member, network in zip(self.manifest.members, given, strict=True):
            self._check(member, network)
            window = self.manifest.window_of(member)
            by_window.setdefault(window, []).append((member, network))
        self.window_groups = tuple(
            WindowGroup(self.manifest, members, self.layout)
            for members in by_window.values()
        )
        """Each is run over its own windows, then `join` combines their rows."""
        self._shares = _shares(
            np.stack([group.weights.sum(0) for group in self.window_groups])
        )

    def join(self, model_outputs: Sequence[Floats]) -> NDArray[np.float32]:
        """Return the mean over all members for T rows, (T, K), from the group outputs.

        Means and spreads equal those of a single group with all members.
        """
        mean = np.zeros(model_outputs[0].shape)
        for share, one in zip(self._shares, model_outputs, strict=True):
            mean += share * one
        for values, spread in _spreads(self.layout):
            variance = np.zeros_like(mean[:, values])
            for share, one in zip(self._shares, model_outputs, strict=True):
                off = one[:, values] - mean[:, values]
                variance += share[values] * np.square(one[:, spread], dtype=np.float64)
                variance += share[values] * off**2
            mean[:, spread] = np.sqrt(variance)
        return mean.astype(np.float32)

    def _check(self, member: Member, network: MemberNetwork) -> None:
        tasks = self.manifest.tasks_of(member)
        given = [*map(str, tasks), *_intensities(self.layout, tasks)]
        widths = {
            name: columns.stop - columns.start
            for name, columns in self.layout.columns.items()
            if name in given
        }
        check_member(
            f"{self.manifest.name}/{member.network.file}",
            network,
            widths,
            row_width=sum(item.width for item in self.manifest.inputs_of(member)),
            num_rows=1 if self.manifest.window_of(member).is_frame_wise else 2,
        )


def _checked(
    where: str, name: str, output: Floats, num_rows: int, columns: slice
) -> NDArray[np.float64]:
    """Return some columns of a network's output, (L, K), after checking the shape."""
    width = columns.stop - columns.start
    if output.size != num_rows * width:
        raise BadArtifact(
            f"{where}: {name} must have {width} values for each of {num_rows} rows, got "
            f"shape {output.shape}"
        )
    raw = output.reshape(num_rows, width).astype(np.float64)
    if not np.isfinite(raw).all():
        raise BadArtifact(
            f"{where}: outputs must be finite, got others in a window of {num_rows} rows; "
            "check the networks that were exported"
        )
    return raw


def _columns_read(manifest: Manifest, member: Member) -> slice | NDArray[np.int64]:
    """Return which columns of a row a member reads, in its order."""
    if member.inputs is None:
        return slice(None)
    stops = np.cumsum([item.width for item in manifest.inputs])
    places = {
        item.key: np.arange(stop - item.width, stop)
        for item, stop in zip(manifest.inputs, stops, strict=True)
    }
    return np.concatenate([places[key] for key in member.inputs])


def _intensities(layout: Layout, tasks: Sequence[Task]) -> list[str]:
    """Return the intensities of a layout that a member with these tasks predicts."""
    if Task.ACTION_UNITS not in tasks:
        return []
    return [name for name in INTENSITIES if name in layout.columns]


def _columns_of(layout: Layout, tasks: Sequence[Task]) -> Iterator[slice]:
    """Yield the columns of some tasks, those of spread and intensity too."""
    for name, columns in layout.columns.items():
        if task_of_columns(name) in tasks:
            yield columns


def _spreads(layout: Layout) -> Iterator[tuple[slice, slice]]:
    """Yield the columns of a task's values, and those of their spread."""
    for task in (Task.VALENCE, Task.AROUSAL):
        if task in layout.columns:
            yield layout.columns[task], layout.columns[f"{SPREAD} {task}"]


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights (M, K) that add up to 1 in each column, or to 0 where all are 0."""
    totals = weights.sum(0)
    return weights / np.where(totals > 0, totals, 1.0)


def _read(
    task: Task, raw: NDArray[np.float64], affine: Affine, spaces: LabelSpaces
) -> NDArray[np.float64]:
    """Return values or probabilities from a network's output for a task."""
    match task:
        case Task.VALENCE | Task.AROUSAL:
            values = np.clip(raw, -1.0, 1.0)
            return np.clip(affine.scale * values + affine.offset, -1.0, 1.0)
        case Task.EXPRESSION:
            powers = np.exp(raw - raw.max(1, keepdims=True))
            return powers / powers.sum(1, keepdims=True)
        case Task.ACTION_UNITS:
            return 1 / (1 + np.exp(-np.maximum(raw, _LEAST_LOGIT)))
        case Task.DIMENSIONS | Task.INTENSITIES:
            return spaces.scales(task).in_units(raw)
