"""Made-up sequences in which every label can be learned from a few neighboring rows."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.core.windows import WindowSpec
from wildaffect.losses.config import FixedWeights, LossConfig
from wildaffect.models.frameworks import HeadConfig, ModelConfig
from wildaffect.models.temporal.config import GRUConfig
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.epochs import Epoch
from wildaffect.training.core.recipe import KeepLast, OptimConfig
from wildaffect.training.core.runs import Run
from wildaffect.training.core.trainer import Trainer
from wildaffect.training.temporal.objective import TemporalObjective
from wildaffect.training.temporal.recipe import TemporalRecipe

NUM_FEATURES, NUM_CLASSES, NUM_UNITS = 10, 8, 12


@pytest.fixture(autouse=True, scope="session")
def one_torch_thread() -> None:
    torch.set_num_threads(1)


def made_up_sequence(
    seed: int, *, num_rows: int = 60, person: str | None = None, labeled: float = 0.7
) -> FrameSequence:
    """A video whose features are a smooth hidden state, seen through noise."""
    rng = np.random.default_rng((seed, 11))
    numbers = 1 + np.cumsum(rng.integers(1, 5, num_rows)) - 1
    time_s = numbers / 30.0
    rates, phases = rng.uniform(0.2, 0.8, 4), rng.uniform(0, 2 * np.pi, 4)
    hidden = np.sin(2 * np.pi * rates * time_s[:, None] + phases)
    mixing = np.random.default_rng(3).normal(size=(4, NUM_FEATURES))
    seen = rng.random(num_rows) > 0.05
    seen[rng.integers(num_rows)] = True
    features = hidden @ mixing + 0.2 * rng.normal(size=(num_rows, NUM_FEATURES))
    features = np.where(seen[:, None], 5.0 + 3.0 * features, 0.0).astype(np.float32)
    return FrameSequence(
        video=f"video{seed:03d}",
        subject=person or f"person{seed:03d}",
        frame_number=numbers,
        time_s=time_s,
        time_is_guessed=False,
        features=features,
        has_feature=seen,
        targets=_targets(hidden, rng, labeled),
        annotation_rows=np.arange(num_rows),
        sequence_row=np.arange(num_rows),
    )


def _column(values, valid, dtype) -> TaskColumn:
    return TaskColumn(np.where(valid, values, 0).astype(dtype), valid)


def _targets(hidden, rng, labeled: float) -> TaskColumns:
    num_rows = len(hidden)
    mixing = np.random.default_rng(4).normal(size=(4, NUM_UNITS))
    valid = {
        name: rng.random(num_rows) < labeled
        for name in ("valence", "arousal", "expression")
    }
    units_valid = rng.random((num_rows, NUM_UNITS)) < labeled
    classes = (hidden[:, :3] > 0) @ [1, 2, 4]
    return TaskColumns(
        valence=_column(hidden[:, 0], valid["valence"], np.float32),
        arousal=_column(hidden[:, 1], valid["arousal"], np.float32),
        expression=_column(classes, valid["expression"], np.int64),
        action_units=_column(hidden @ mixing > 0, units_valid, np.int8),
    )


@pytest.fixture(scope="session")
def sequences() -> list[FrameSequence]:
    """Twelve videos of ten people."""
    people = [f"person{index % 10:02d}" for index in range(12)]
    return [
        made_up_sequence(index, num_rows=40 + 5 * index, person=person)
        for index, person in enumerate(people)
    ]


TINY = TemporalRecipe(
    name="tiny",
    inputs=("made-up",),
    model=ModelConfig(
        encoder=GRUConfig(hidden_dim=16, num_layers=1, dropout=0.0),
        head=HeadConfig(hidden_dims=(16,), dropout=0.0),
    ),
    loss=LossConfig(
        task_weighting=FixedWeights(
            weights=dict.fromkeys(("valence", "arousal", "expression", "action_units"), 1.0)
        )
    ),
    window=WindowSpec(length_s=2.0, stride_s=1.0, max_gap_s=1.0),
    batch_size=8,
    num_epochs=3,
    optim=OptimConfig(peak_lr=1e-2),
    selection=KeepLast(),
)


@pytest.fixture
def tiny() -> TemporalRecipe:
    return TINY


@pytest.fixture
def fit(sequences, tmp_path) -> Callable[..., tuple[Run, list[Epoch]]]:
    """Train a recipe in a folder; gives its run and epochs."""

    def fitted(
        recipe,
        folder: str | Path = "run",
        data=None,
        *,
        make_objective=TemporalObjective,
        on_step_end=lambda *_: None,
        **fields,
    ):
        recipe = replace(recipe, **fields)
        run = Run(tmp_path / folder)
        run.folder.mkdir(exist_ok=True, parents=True)
        epochs: list[Epoch] = []
        fabric = launch("cpu", recipe.precision)
        objective = make_objective(
            recipe, data or sequences, fabric=fabric, spaces=LabelSpaces()
        )
        callbacks = Callbacks(
            on_epoch_end=lambda run, epoch: epochs.append(epoch), on_step_end=on_step_end
        )
        Trainer(recipe, objective, run, fabric=fabric).run(callbacks)
        return run, epochs

    return fitted


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _environments(num_processes: int, num_machines: int) -> list[dict[str, str]]:
    """Return what `torchrun` sets for each process."""
    port, per_machine = _free_port(), num_processes // num_machines
    return [
        {
            "RANK": str(rank),
            "WORLD_SIZE": str(num_processes),
            "LOCAL_RANK": str(rank % per_machine),
            "LOCAL_WORLD_SIZE": str(per_machine),
            "GROUP_RANK": str(rank // per_machine),
            "GROUP_WORLD_SIZE": str(num_machines),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        for rank in range(num_processes)
    ]


@pytest.fixture(scope="module")
def forks(request) -> Iterator[subprocess.Popen[str]]:
    """What forks the processes of the `worker.py` beside a test module."""
    worker = request.path.with_name("worker.py")
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forks.py")), str(worker)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield server
        server.stdin.close()


@pytest.fixture(scope="module")
def start_together(forks) -> Callable[..., dict[str, torch.Tensor]]:
    """Train a worker's variant in this many processes and return the weights of the run."""

    def start(
        folder: Path, variant: str, num_processes: int, *, num_machines=1, kill_at=0
    ) -> dict[str, torch.Tensor]:
        logs = [folder.with_name(f"{folder.name}-{it}.log") for it in range(num_processes)]
        environments = _environments(num_processes, num_machines)
        processes = [
            {
                "words": ["worker.py", str(folder), variant],
                "environment": environment | {"KILL_AT": str(kill_at)},
                "log": str(log),
            }
            for log, environment in zip(logs, environments, strict=True)
        ]
        print(json.dumps(processes), file=forks.stdin, flush=True)
        statuses = json.loads(forks.stdout.readline())
        output = "\n".join(log.read_text() for log in logs)
        assert statuses == [0] * num_processes, output
        assert "deprecated" not in output, output
        return load_weights(folder / "weights.safetensors")

    return start


@pytest.fixture
def assert_close():
    """Compare to a small share of a tensor's largest value; a run moves it far more."""

    def compare(one, other, tolerance=1e-5):
        assert one.keys() == other.keys()
        for name, values in one.items():
            scale = values.abs().max().clamp(min=1e-3)
            assert (values - other[name]).abs().max() / scale < tolerance, name

    return compare
