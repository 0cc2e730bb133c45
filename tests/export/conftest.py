"""Runs that nobody trained: a small model with drawn weights, written as a run is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from wildaffect.core.windows import WindowSpec
from wildaffect.features.sets import geometry_set
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import DataSource
from wildaffect.models.frameworks import FrameworkConfig, ModelConfig, ShareEncoder
from wildaffect.models.heads import HeadConfig
from wildaffect.models.multitask import build_model
from wildaffect.models.temporal.gru import GRUConfig
from wildaffect.training.checkpoint import save_weights
from wildaffect.training.recipe import TemporalRecipe
from wildaffect.training.runs import Run, RunData, begin

SMALL = TemporalRecipe(
    name="small",
    inputs=("pose", "geometry_change"),
    model=ModelConfig(
        encoder=GRUConfig(hidden_dim=4, num_layers=1),
        framework=FrameworkConfig(trunk=ShareEncoder()),
        head=HeadConfig(hidden_dims=()),
    ),
    window=WindowSpec(length_s=1.0, stride_s=0.5, max_gap_s=0.5),
)


@pytest.fixture(autouse=True)
def _seed():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a finished run: `make_run("name", seed=1, rate_hz=5.0, inputs=(...))`."""

    def make(name: str = "run", *, seed=0, rate_hz=10.0, digest=None, **changes) -> Path:
        recipe = replace(SMALL, seed=seed, **changes)
        torch.manual_seed(seed)
        widths = {kind: len(COLUMNS.get(kind, range(3))) for kind in recipe.inputs}
        data = RunData(
            annotations="toy train",
            annotations_sha256=None,
            train_videos=("a", "b"),
            inner_videos=("c",),
            input_dim=sum(widths.values()),
            input_widths=widths,
            feature_digests={"geometry": digest or geometry_set().weights_sha256},
            rate_hz=rate_hz,
            times_are_guessed=False,
            sources=(DataSource(name="toy", license="CC0-1.0"),),
        )
        run = Run(tmp_path / name)
        begin(run, recipe, data)
        save_weights(run.weights, build_model(recipe.model, data.input_dim).state_dict())
        return run.folder

    return make
