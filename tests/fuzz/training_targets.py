"""What training writes and reads again: runs, checkpoints, weights, ensembles, reports."""

import json
import tempfile
from hashlib import sha256
from pathlib import Path

import torch
from mutations import mutate, mutate_json, mutate_lines
from target import Seed, Target, files_below

from wildaffect.core.errors import WildAffectError
from wildaffect.core.preprocess import Preprocess
from wildaffect.core.windows import WindowSpec
from wildaffect.inference.calibration import Calibration
from wildaffect.losses.config import FixedWeights, LossConfig
from wildaffect.models.backbones.checkpoints import read_checkpoint
from wildaffect.models.backbones.manifest import (
    WeightManifest,
    read_manifest,
    write_manifest,
)
from wildaffect.models.build import build_model
from wildaffect.models.frameworks import HeadConfig, ModelConfig
from wildaffect.models.temporal.config import FrameConfig
from wildaffect.training.core.checkpoint import (
    load_checkpoint,
    save_checkpoint,
    save_weights,
)
from wildaffect.training.core.recipe import KeepLast, OptimConfig
from wildaffect.training.core.runs import Run, append_metrics, begin, read_metrics
from wildaffect.training.temporal.calibrate_and_score import (
    calibration_path,
    load_calibration,
    save_calibration,
)
from wildaffect.training.temporal.ensembles import (
    EnsembleRecord,
    load_ensemble,
    member_record,
    save_record,
)
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import RunData, load_run

_WIDTH = 4
_RECIPE = TemporalRecipe(
    name="tiny",
    inputs=("made-up",),
    model=ModelConfig(
        encoder=FrameConfig(), head=HeadConfig(hidden_dims=(4,), dropout=0.0)
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
_DATA = RunData(
    annotations="a",
    annotations_sha256=None,
    train_videos=("v",),
    dev_videos=(),
    input_dim=_WIDTH,
    input_widths={"made-up": _WIDTH},
    feature_digests={"made-up": "x"},
    rate_hz=30.0,
    times_are_guessed=False,
)


def _make_run(folder: Path) -> Run:
    run = Run(folder)
    begin(run, _RECIPE, _DATA, torch.device("cpu"))
    model = build_model(_RECIPE.model, _WIDTH, _DATA.spaces)
    save_weights(run.weights, model.state_dict())
    save_calibration(Calibration(), calibration_path(folder))
    for epoch in (1, 2):
        append_metrics(run, {"epoch": epoch, "loss": 0.5})
    return run


def _runs() -> list[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        run = _make_run(Path(folder))
        files = files_below(Path(folder))
    return [
        Seed(
            files=files,
            spoiled={
                run.recipe.name: mutate_json,
                run.data.name: mutate_json,
                run.metrics.name: mutate_lines,
                run.weights.name: mutate,
                calibration_path(run.folder).name: mutate_json,
            },
        )
    ]


def _read_run(folder: Path) -> None:
    trained = load_run(folder)
    load_calibration(folder)
    list(read_metrics(trained.run))
    width = trained.data.input_dim
    with torch.no_grad():
        trained.model(torch.zeros(1, 3, width), torch.tensor([3]), torch.zeros(1, 3))


def _ensembles() -> list[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        _make_run(Path(folder) / "run")
        trained = load_run(Path(folder) / "run")
        ensemble = Path(folder) / "ensemble"
        ensemble.mkdir()
        record = EnsembleRecord(
            members=(member_record(ensemble, trained, 1.0, {}),),
            combine="mean",
            select="all",
            split="val",
            annotations="a",
            annotations_sha256=None,
            videos=("v",),
        )
        save_record(record, ensemble)
        files = files_below(Path(folder))
    spoiled = {"ensemble/ensemble.json": mutate_json}
    return [Seed(files=files, main="ensemble", spoiled=spoiled)]


def _checkpoints() -> list[Seed]:
    state = {"step": 3, "names": ["a", {"b": torch.ones(3)}], "progress": {"epoch": 1}}
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Path(folder) / "c", {"w": torch.ones(3, 4)}, state)
        files = files_below(Path(folder))
    spoiled = {name: mutate for name in files if not name.endswith("json")}
    spoiled |= {name: mutate_json for name in files if name.endswith("json")}
    return [Seed(files=files, main="c", spoiled=spoiled, seal=_seal)]


def _seal(folder: Path) -> None:
    """State the hashes of a checkpoint's files as they are."""
    sums = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in (folder / "c").iterdir()
        if path.suffix != ".json"
    }
    (folder / "c" / "sha256.json").write_text(json.dumps(sums))


def _weights() -> list[Seed]:
    tensors = {"a.weight": torch.ones(3, 4), "a.bias": torch.zeros(3)}
    preprocess = Preprocess(size_px=8, mean=(0.5,) * 3, std=(0.5,) * 3)
    manifest = WeightManifest(
        name="a.b",
        network="a.b",
        feature_dim=3,
        preprocess=preprocess,
        sha256="x",
        source_file="f",
        source_sha256="y",
        source="",
        license="",
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        torch.save({"model": tensors, "epoch": 3}, root / "new.pth")
        torch.save(tensors, root / "old.pth", _use_new_zipfile_serialization=False)
        save_weights(root / "w.safetensors", tensors)
        write_manifest(root / "weights.json", manifest)
        files = files_below(root)
    changes = {"weights.json": mutate_json}
    return [
        Seed(files={name: data}, main=name, spoiled={name: changes.get(name, mutate)})
        for name, data in files.items()
    ]


def _read_weights(path: Path) -> None:
    if path.suffix == ".json":
        read_manifest(path)
    else:
        read_checkpoint(path)


def _load_checkpoint(folder: Path) -> None:
    if load_checkpoint(folder) is None:
        raise WildAffectError("no checkpoint")


TRAINING_TARGETS = (
    Target(name="run", make=_runs, read=_read_run, weight=4),
    Target(name="ensemble", make=_ensembles, read=load_ensemble, weight=2),
    Target(name="checkpoint", make=_checkpoints, read=_load_checkpoint, weight=5),
    Target(name="weights", make=_weights, read=_read_weights, weight=4),
)
