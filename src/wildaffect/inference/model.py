"""Feature rows of one window to what an ensemble says of each.

Symbols: L rows of a window, D features, K columns of `Layout`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtefact
from wildaffect.core.tasks import Task
from wildaffect.inference.artefact import Artefact
from wildaffect.inference.checks import MemberNetwork, check_member
from wildaffect.inference.manifest import Affine, Manifest
from wildaffect.runtime.network import Device, Network

Floats = NDArray[np.floating]
SPREAD = "spread"
"""Prefix of the columns that hold the spread over members."""
IDENTITY = Affine()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each task stands among the columns of a model's output."""

    columns: dict[str, slice]
    num_columns: int


def layout_of(manifest: Manifest) -> Layout:
    """Return the columns that a manifest's model gives; a task not predicted has none."""
    widths: dict[str, int] = {}
    for task, is_predicted in (
        (Task.VALENCE, manifest.predicts_valence),
        (Task.AROUSAL, manifest.predicts_arousal),
    ):
        if is_predicted:
            widths[task] = 1
            widths[f"{SPREAD} {task}"] = 1
    if manifest.expression:
        widths[Task.EXPRESSION] = len(manifest.expression.predicted)
    if manifest.action_units:
        widths[Task.ACTION_UNITS] = len(manifest.action_units.predicted)
    stops = np.cumsum(list(widths.values())).tolist()
    columns = {
        name: slice(stop - width, stop)
        for (name, width), stop in zip(widths.items(), stops, strict=True)
    }
    return Layout(columns, stops[-1] if stops else 0)


class Model:
    """The networks of an artefact; keeps nothing between windows.

    Args:
        artefact: Whose manifest holds.
        device: Where its networks run.
        networks: In place of the artefact's own, one per member; none for its own.

    Raises:
        BadArtefact: If a network does not take or give what the manifest promises, and on
            a call, if it says something that is no number.
    """

    def __init__(
        self,
        artefact: Artefact,
        device: Device,
        networks: Sequence[MemberNetwork] = (),
    ) -> None:
        self.manifest = artefact.manifest
        self.layout = layout_of(self.manifest)
        self._networks: Sequence[MemberNetwork] = networks or [
            Network(artefact.networks[member.network.file], device=device)
            for member in self.manifest.members
        ]
        widths = {
            name: columns.stop - columns.start
            for name, columns in self.layout.columns.items()
            if not name.startswith(SPREAD)
        }
        for member, network in zip(self.manifest.members, self._networks, strict=True):
            where = f"{self.manifest.name}/{member.network.file}"
            check_member(where, network, self.manifest, widths)

    def __call__(self, rows: Floats, times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return values and probabilities, (L, K), for features (L, D) at their times."""
        inputs = {
            "features": rows[None].astype(np.float32),
            "lengths": np.array([len(rows)], np.int64),
            "times_s": (times_s - times_s[0])[None].astype(np.float32),
        }
        members = zip(self._networks, self.manifest.members, strict=True)
        said = [self._ask(net, member.rescaled, inputs) for net, member in members]
        weights = np.array([member.weight for member in self.manifest.members])
        weights = weights / weights.sum()
        mean = np.einsum("m,mlk->lk", weights, np.stack(said))
        for task in (Task.VALENCE, Task.AROUSAL):
            if task in self.layout.columns:
                values = np.stack([one[:, self.layout.columns[task]] for one in said])
                centre = mean[:, self.layout.columns[task]]
                variance = np.einsum("m,mlk->lk", weights, (values - centre) ** 2)
                mean[:, self.layout.columns[f"{SPREAD} {task}"]] = np.sqrt(variance)
        return mean.astype(np.float32)

    def _ask(
        self,
        network: MemberNetwork,
        rescaled: Mapping[Task, Affine],
        inputs: dict[str, Floats],
    ) -> NDArray[np.float64]:
        outputs = dict(
            zip(
                network.output_names,
                network(*(inputs[name] for name in network.input_names)),
                strict=True,
            )
        )
        num_rows = inputs["features"].shape[1]
        said = np.zeros((num_rows, self.layout.num_columns))
        for name, columns in self.layout.columns.items():
            if name.startswith(SPREAD):
                continue
            raw = outputs[name].reshape(num_rows, -1).astype(np.float64)
            said[:, columns] = _read(Task(name), raw, rescaled.get(Task(name), IDENTITY))
        if not np.isfinite(said).all():
            raise BadArtefact(
                f"{self.manifest.name}: outputs must be finite, got others in a window of "
                f"{num_rows} rows; check the networks that were exported"
            )
        return said


def _read(task: Task, raw: NDArray[np.float64], affine: Affine) -> NDArray[np.float64]:
    """Return values in [-1, 1] or probabilities for what a network says of a task."""
    match task:
        case Task.VALENCE | Task.AROUSAL:
            values = np.clip(raw, -1.0, 1.0)
            return np.clip(affine.scale * values + affine.offset, -1.0, 1.0)
        case Task.EXPRESSION:
            powers = np.exp(raw - raw.max(1, keepdims=True))
            return powers / powers.sum(1, keepdims=True)
        case Task.ACTION_UNITS:
            return 1 / (1 + np.exp(-raw))
