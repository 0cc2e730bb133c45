"""What the stages of docs/reproduce.md would take: operations, GPU hours, disk.

    python benchmarks/reproduction_cost.py

Operations are counted over one forward pass (`torch.utils.flop_counter`: matrix products,
convolutions and attention; 2 for a multiplication with its addition) and tripled for
training. Hours divide them by the rates of `RATES`, which are assumptions about an H100 in
bfloat16, not measurements. Counts of images are the published ones of each data set.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from wildaffect.core.tasks import LabelSpaces
from wildaffect.models.backbones.registry import build_backbone
from wildaffect.models.build import build_model
from wildaffect.models.pretraining.catalog import MAES, build_mae
from wildaffect.recipes.catalog import find_recipe
from wildaffect.recipes.images import find_finetune_recipe, find_pretrain_recipe

RATES = {"transformer": 150e12, "convolutions": 50e12, "small": 5e12}
"""Operations per second, assumed: a sixth of the card's peak, and less where kernels are
small."""
FORWARD_AND_BACKWARD = 3
S_AFF_WILD2 = {"train": 142_382, "val": 26_876, "test": 51_159}
"""Rows, as published."""
AFFECTNET, FERPLUS = 287_651, 28_709
"""Images of the training splits with one of eight expressions, as published."""
FEATURES = {"mae": 768, "vit": 768, "iresnet": 512, "densefer": 342, "geometry": 102}
"""Columns of each set; measures, pose and blendshapes are about 100."""


@dataclass(frozen=True)
class Stage:
    """Training that is paid for by the image, or by the row."""

    name: str
    operations: float
    """Operations of one forward pass of one image or row."""
    images: int
    epochs: int
    rate: str

    @property
    def total(self) -> float:
        """Operations of the whole training."""
        return self.operations * FORWARD_AND_BACKWARD * self.images * self.epochs

    @property
    def hours(self) -> float:
        """At the assumed rate."""
        return self.total / RATES[self.rate] / 3600


def operations(run: Callable[[], object]) -> float:
    """Return how many operations a forward pass takes."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def of_backbone(name: str) -> float:
    """Return the operations of one crop."""
    network = build_backbone(name).eval()
    crop = torch.zeros(1, network.channels, network.size_px, network.size_px)
    return operations(lambda: network(crop))


def of_autoencoder(name: str) -> float:
    """Return the operations of one crop of pre-training."""
    network, encoder = build_mae(name).eval(), MAES[name].encoder
    crop = torch.zeros(1, 3, encoder.size_px, encoder.size_px)
    noise = torch.rand(1, encoder.num_patches)
    return operations(lambda: network(crop, noise))


def of_row(recipe: str, num_features: int, rows: int = 64) -> float:
    """Return the operations of one row of a temporal model, in a window of `rows`."""
    model = build_model(find_recipe(recipe).model, num_features, LabelSpaces()).eval()
    window = torch.zeros(1, rows, num_features)
    times_s = torch.arange(rows)[None] / 3.55
    return operations(lambda: model(window, torch.tensor([rows]), times_s)) / rows


def image_stages() -> list[Stage]:
    """Return the trainings on crops."""
    mae, train = "mae-vit-b16", S_AFF_WILD2["train"]
    pretrain = find_pretrain_recipe(mae)
    stages = [
        Stage(
            f"{mae}, a million faces",
            of_autoencoder(pretrain.network),
            1_000_000,
            pretrain.num_epochs,
            "transformer",
        )
    ]
    for name, what, images, rate in (
        ("finetune-vit-b16", "s-Aff-Wild2", train, "transformer"),
        ("finetune-iresnet100", "AffectNet", AFFECTNET, "convolutions"),
        ("finetune-iresnet100", "s-Aff-Wild2", train, "convolutions"),
        ("finetune-densefer", "FER+", FERPLUS, "small"),
        ("finetune-densefer", "FER+ and AffectNet", FERPLUS + AFFECTNET, "small"),
        ("finetune-densefer", "s-Aff-Wild2", train, "small"),
    ):
        recipe = find_finetune_recipe(name)
        one = of_backbone(recipe.network)
        stages.append(Stage(f"{name}, {what}", one, images, recipe.num_epochs, rate))
    return stages


def temporal_stages() -> list[Stage]:
    """Return the trainings on features."""
    width = FEATURES["mae"] + FEATURES["iresnet"] + FEATURES["densefer"]
    # Fused recurrent layers are not counted by torch.
    names = ("transformer", "share-encoder", "share-bottom", "hidden-feedback")
    return [
        Stage(
            f"abaw4-{name}",
            of_row(f"abaw4-{name}", width),
            S_AFF_WILD2["train"],
            find_recipe(f"abaw4-{name}").num_epochs,
            "small",
        )
        for name in names
    ]


def main() -> None:
    """Print the tables."""
    print("| training | GFLOP forward | images or rows | epochs | PFLOP | GPU hours |")
    print("|---|---:|---:|---:|---:|---:|")
    for stage in (*image_stages(), *temporal_stages()):
        print(
            f"| {stage.name} | {stage.operations / 1e9:.3g} | {stage.images:,} | "
            f"{stage.epochs} | {stage.total / 1e15:,.0f} | {stage.hours:.2g} |"
        )
    rows = sum(S_AFF_WILD2.values())
    print("\n| features of all rows | columns | MB in float16 |\n|---|---:|---:|")
    for name, columns in FEATURES.items():
        print(f"| {name} | {columns} | {rows * columns * 2 / 1e6:.0f} |")


if __name__ == "__main__":
    main()
