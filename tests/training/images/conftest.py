"""Crops of 16 pixels whose color shows the labels, and networks small enough for them."""

from functools import partial

import cv2
import numpy as np
import pytest
import torch

from wildaffect.core.preprocess import Preprocess
from wildaffect.core.tasks import Task
from wildaffect.losses.config import FixedWeights, LossConfig
from wildaffect.models.backbones import registry
from wildaffect.models.backbones.iresnet import IResNet, IResNetConfig
from wildaffect.models.backbones.spec import BackboneSpec
from wildaffect.models.backbones.vit import ClassTokenViT, MeanTokenViT, ViTConfig
from wildaffect.models.pretraining import catalog
from wildaffect.models.pretraining.mae import MAEConfig
from wildaffect.training.core.callbacks import SILENT
from wildaffect.training.core.recipe import OptimConfig
from wildaffect.training.images.augment_config import AugmentConfig
from wildaffect.training.images.recipe import FinetuneRecipe, PretrainRecipe

HALF = Preprocess(size_px=16, mean=(0.5,) * 3, std=(0.5,) * 3)
VIT = ViTConfig(size_px=16, patch_px=4, dim=16, depth=2, num_heads=2)
NUM_PEOPLE, NUM_EACH = 6, 10
CLASSES = ("Neutral", "Anger", "Happiness")


@pytest.fixture(autouse=True, scope="session")
def one_torch_thread():
    torch.set_num_threads(1)


def register_small_networks(specs, maes):
    """Add networks of crops of 16 pixels to these tables."""
    builders = {
        "vit_test.mae": (16, partial(ClassTokenViT, VIT)),
        "vit_test.mae_mean": (16, partial(MeanTokenViT, VIT)),
        "iresnet_test.arcface": (
            8,
            partial(
                IResNet,
                IResNetConfig(units=(1, 1, 1, 1), width=4, size_px=16, feature_dim=8),
            ),
        ),
    }
    for name, (dim, build) in builders.items():
        specs[name] = BackboneSpec(name=name, feature_dim=dim, preprocess=HALF, build=build)
    maes["vit_test.mae"] = MAEConfig(
        encoder=VIT, decoder_dim=8, decoder_depth=1, decoder_heads=2
    )


@pytest.fixture(autouse=True)
def small_networks(monkeypatch):
    specs, maes = dict(registry.BACKBONES._parts), dict(catalog.MAES)
    register_small_networks(specs, maes)
    monkeypatch.setattr(registry.BACKBONES, "_parts", specs)
    monkeypatch.setattr(catalog, "MAES", maes)


def draw(rng, kind):
    """A noisy crop, red for class 0, green for 1, blue for 2."""
    crop = rng.integers(0, 90, (16, 16, 3), dtype=np.uint8)
    crop[..., kind] += 120
    return crop


def write_set(root):
    """Write a manifest with crops beside it; every fifth row lacks action units."""
    rng = np.random.default_rng(0)
    lines = ["image,video,frame,split,valence,arousal,expression,AU01,AU02"]
    for person in range(NUM_PEOPLE):
        for frame in range(1, NUM_EACH + 1):
            kind = (person + frame) % 3
            name = f"p{person}/{frame:05d}.png"
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), draw(rng, kind)[..., ::-1])
            units = "," if (person * NUM_EACH + frame) % 5 == 0 else f"{int(kind == 1)},0"
            split = "val" if person == NUM_PEOPLE - 1 else "train"
            lines.append(
                f"{name},p{person},{frame},{split},{kind / 2 - 0.5},{0.5 - kind / 3:.3f},"
                f"{CLASSES[kind]},{units}"
            )
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def labeled(tmp_path):
    """Crops and labels in the folder `set`."""
    return write_set(tmp_path / "set")


@pytest.fixture(scope="module")
def labeled_once(tmp_path_factory):
    """The same for all tests of a module, which must not change it."""
    return write_set(tmp_path_factory.mktemp("labeled") / "set")


FINETUNE = FinetuneRecipe(
    name="test",
    network="iresnet_test.arcface",
    batch_size=8,
    num_epochs=3,
    optim=OptimConfig(peak_lr=3e-3, max_grad_norm=5.0),
    augment=AugmentConfig(brightness=0.1, saturation=0.1, gray_probability=0.0),
    loss=LossConfig(task_weighting=FixedWeights(weights=dict.fromkeys(Task, 1.0))),
    ema_decay=0.9,
)
PRETRAIN = PretrainRecipe(
    name="mae-test",
    network="vit_test.mae",
    batch_size=16,
    num_epochs=3,
    optim=OptimConfig(peak_lr=5e-3, betas=(0.9, 0.95), max_grad_norm=5.0),
)


@pytest.fixture
def recipe():
    return FINETUNE


@pytest.fixture
def mae_recipe():
    return PRETRAIN


@pytest.fixture
def quiet():
    return SILENT


@pytest.fixture
def assert_close(assert_close):
    """As for temporal models, but for what rounding alone moves.

    The bias of a key shifts all scores of attention alike, so that its gradient is 0.
    """

    def without_keys(weights):
        kept = dict(weights)
        for name in [key for key in weights if key.endswith("qkv.bias")]:
            query, _, value = kept.pop(name).chunk(3)
            kept |= {f"{name}/query": query, f"{name}/value": value}
        return kept

    def compare(one, other):
        assert_close(without_keys(one), without_keys(other), tolerance=1e-4)

    return compare
