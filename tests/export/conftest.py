"""Untrained runs: a small model with random weights, stored like a run."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from wildaffect.core.preprocess import Preprocess
from wildaffect.core.windows import WindowSpec
from wildaffect.features.sets import geometry_set
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import DataSource
from wildaffect.models.backbones import registry
from wildaffect.models.backbones.iresnet import IResNet, IResNetConfig
from wildaffect.models.backbones.manifest import WeightManifest
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.backbones.spec import BackboneSpec
from wildaffect.models.backbones.weights import keep_weights
from wildaffect.models.build import build_model
from wildaffect.models.frameworks import (
    FrameworkConfig,
    HeadConfig,
    ModelConfig,
    ShareEncoder,
)
from wildaffect.models.temporal.config import GRUConfig
from wildaffect.training.core.checkpoint import save_weights
from wildaffect.training.core.runs import Run, begin
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import RunData

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


TINY = {
    "iresnet_tiny.test": Preprocess(size_px=16, mean=(0.5,) * 3, std=(0.5,) * 3),
    "iresnet_tiny.wide": Preprocess(size_px=32, mean=(0.4,) * 3, std=(0.3,) * 3),
}
"""Networks small enough to be exported within seconds, and the crop of each."""


@pytest.fixture(scope="session")
def tiny_networks():
    """Register the networks of `TINY`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, preprocess in TINY.items():
            config = IResNetConfig(
                units=(1, 1, 1, 1), width=4, size_px=preprocess.size_px, feature_dim=8
            )
            spec = BackboneSpec(
                name=name,
                feature_dim=8,
                preprocess=preprocess,
                build=partial(IResNet, config),
            )
            patch.setitem(registry.BACKBONES._parts, name, spec)
        yield


@pytest.fixture(scope="session")
def make_backbone(tiny_networks, tmp_path_factory) -> Callable[..., Path]:
    """Write what a run of `finetune` leaves: `make_backbone("name", seed=1)`."""
    root = tmp_path_factory.mktemp("backbones")

    def make(name: str = "vit", *, seed=0, network="iresnet_tiny.test", **fields) -> Path:
        torch.manual_seed(seed)
        spec = backbone_spec(network)
        backbone = spec.build()
        for module in backbone.modules():  # features of a random start are nearly 0
            if isinstance(module, torch.nn.BatchNorm1d):
                torch.nn.init.normal_(module.bias)
        stated = {"source": "a test", "license": "CC0-1.0", "preprocess": spec.preprocess}
        manifest = WeightManifest(
            name=f"tiny.{name}",
            network=network,
            feature_dim=spec.feature_dim,
            sha256="",
            source_file="weights.safetensors",
            source_sha256="0" * 64,
            **stated | fields,
        )
        folder = root / f"{name}-{seed}-{len(list(root.iterdir()))}"
        keep_weights(folder / "backbone", manifest, backbone.state_dict())
        return folder

    return make


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a finished run: `make_run("name", seed=1, rate_hz=5.0, inputs=(...))`.

    `weights` are the manifests of the backbones behind inputs that are no measurements.
    """

    def make(
        name: str = "run", *, seed=0, rate_hz=10.0, digest=None, weights=None, **changes
    ) -> Path:
        recipe = replace(SMALL, seed=seed, **changes)
        torch.manual_seed(seed)
        weights = weights or {}
        widths = {
            kind: weights[kind].feature_dim
            if kind in weights
            else len(COLUMNS.get(kind, range(3)))
            for kind in recipe.inputs
        }
        data = RunData(
            annotations="toy train",
            annotations_sha256=None,
            train_videos=("a", "b"),
            dev_videos=("c",),
            input_dim=sum(widths.values()),
            input_widths=widths,
            feature_digests={
                "geometry": digest or geometry_set().weights_sha256,
                **{kind: weight.sha256 for kind, weight in weights.items()},
            },
            crop_digests={k: weight.preprocess.digest() for k, weight in weights.items()},
            rate_hz=rate_hz,
            times_are_guessed=False,
            sources=(DataSource(name="toy", license="CC0-1.0"),),
        )
        run = Run(tmp_path / name)
        begin(run, recipe, data, torch.device("cpu"))
        save_weights(run.weights, build_model(recipe.model, data.input_dim).state_dict())
        return run.folder

    return make
