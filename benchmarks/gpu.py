"""Training and extraction on one GPU: images/s, share of its arithmetic, memory.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --mae-batch 128 --cnn-batch 64 --peak-tflops 989
    python benchmarks/gpu.py --device cpu --tiny --rounds 1

MAE of ViT-B/16 at 224 px and IResNet-100 at 112 px. "wildaffect" is a whole step of the
recipe (crops to the device, their changes, forward, backward, clipping, fused AdamW,
running mean); the plain contenders are a forward pass, a backward pass and AdamW on crops
that lie on the device, in ten lines; the last is `ViTMAEForPreTraining` of transformers in
those lines. All take turns within each round. Operations are the network's, two for a
multiplication with an addition; their share is of --peak-tflops or, without, of a large
matrix product in the same precision, timed in each round too.
"""

import argparse
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim import AdamW
from torch.utils.flop_counter import FlopCounterMode
from train_images import stepper, write_set  # beside this file

from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.pretraining.catalog import MAES, build_mae
from wildaffect.recipes.images import finetune_iresnet100, mae_vit_b16

COLUMNS = (
    "network",
    "contender",
    "precision",
    "batch",
    "images/s",
    "wildaffect / it",
    "TFLOP/s",
    "share of peak",
    "peak memory, GB",
)
BF16 = "bf16-mixed"


@dataclass(frozen=True)
class Contender:
    """One way to do the work of a table's block."""

    name: str
    precision: str
    step: Callable[[], object]
    flops: float
    """Time of one step."""
    own_bytes: int
    """Idle time of the device between steps."""


@dataclass(frozen=True)
class Setting:
    """Where everything runs, and how large it is."""

    device: torch.device
    is_tiny: bool
    root: Path
    """Made-up crops, for the batches of the recipes."""


def main() -> None:
    """Print a table with device and date above it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="networks of 64 px instead")
    parser.add_argument("--mae-batch", type=int, default=256)
    parser.add_argument("--cnn-batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--peak-tflops", type=float, help="of the device in bfloat16")
    args = parser.parse_args()
    device = torch.device(args.device)
    named = torch.cuda.get_device_name() if args.device == "cuda" else platform.processor()
    print(f"{named or platform.machine()}, torch {torch.__version__}, {date.today()}\n")
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(device, args.tiny, Path(folder) / "set")
        write_set(setting.root)
        mae, cnn = (8, 8) if args.tiny else (args.mae_batch, args.cnn_batch)
        for title, batch, build in (
            ("MAE, training", mae, mae_training),
            ("IResNet, training", cnn, cnn_training),
            ("ViT, extraction", mae, vit_extraction),
            ("IResNet, extraction", cnn, cnn_extraction),
        ):
            print_block(title, batch, list(build(setting, batch)), args)


def print_block(
    title: str, batch: int, contenders: list[Contender], args: argparse.Namespace
) -> None:
    """Time contenders in turns and print a row for each; the first is ours."""
    device = torch.device(args.device)
    size = 256 if args.tiny else 8192
    products = {
        contender.precision: matrix_product(size, contender.precision, device)
        for contender in contenders
    }
    taken: list[list[float]] = [[] for _ in contenders]
    peaks = [0] * len(contenders)
    rates: dict[str, list[float]] = {precision: [] for precision in products}
    for _ in range(args.rounds):
        for place, contender in enumerate(contenders):
            seconds, extra = timed(contender.step, device)
            taken[place].append(seconds)
            peaks[place] = max(peaks[place], contender.own_bytes + extra)
        for precision, product in products.items():
            rates[precision].append(2 * size**3 / timed(product, device)[0])
    ours_s = median(taken[0])
    for place, contender in enumerate(contenders):
        seconds = median(taken[place])
        peak = 1e12 * (args.peak_tflops or 0) if contender.precision == BF16 else 0
        peak = peak or median(rates[contender.precision])
        cells = (
            title,
            contender.name,
            contender.precision,
            str(batch),
            f"{batch / seconds:.0f}",
            f"{seconds / ours_s:.2f}",
            f"{contender.flops / seconds / 1e12:.3g}",
            f"{contender.flops / seconds / peak:.0%}",
            f"{peaks[place] / 1e9:.1f}" if device.type == "cuda" else "unknown",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


def mae_training(setting: Setting, batch: int) -> Iterator[Contender]:
    """Yield the recipe's step, plain steps, and transformers' model."""
    network = "vit_micro_patch8_64.mae" if setting.is_tiny else "vit_base_patch16_224.mae"
    recipe = replace(mae_vit_b16(), network=network, batch_size=batch)
    size_px = backbone_spec(network).preprocess.size_px
    crops = torch.randn(batch, 3, size_px, size_px, device=setting.device)
    noise = torch.rand(batch, MAES[network].encoder.num_patches, device=setting.device)
    model = build_mae(network).to(setting.device)
    flops = flops_of(lambda: model(crops[:1], noise[:1]).loss) * batch
    yield built("wildaffect", BF16, lambda: stepper_of(recipe, setting), flops, setting)
    for precision in (BF16, "32-true"):
        step = plain_step(model, lambda: model(crops, noise).loss, precision)
        yield built("plain torch", precision, lambda step=step: step, flops, setting)
    if find_spec("transformers"):
        other = transformers_mae(network).to(setting.device)
        step = plain_step(other, lambda: other(crops, noise=noise).loss, BF16)
        yield built("transformers", BF16, lambda: step, flops, setting)


def cnn_training(setting: Setting, batch: int) -> Iterator[Contender]:
    """Yield the recipe's step and plain steps on a sum of squares."""
    network = "iresnet_micro_64.arcface" if setting.is_tiny else "iresnet100.arcface"
    recipe = replace(finetune_iresnet100(), network=network, batch_size=batch)
    model, crops = network_and_crops(network, batch, setting)
    model.train()
    some = crops[:2]  # batch norm needs two
    flops = flops_of(lambda: model(some).square().mean()) * batch / 2
    yield built("wildaffect", BF16, lambda: stepper_of(recipe, setting), flops, setting)
    for precision in (BF16, "32-true"):
        step = plain_step(model, lambda: model(crops).square().mean(), precision)
        yield built("plain torch", precision, lambda step=step: step, flops, setting)


def vit_extraction(setting: Setting, batch: int) -> Iterator[Contender]:
    """Yield passes without gradients through the encoder."""
    tiny, full = "vit_micro_patch8_64.mae", "vit_base_patch16_224.mae"
    yield from extraction(tiny if setting.is_tiny else full, setting, batch)


def cnn_extraction(setting: Setting, batch: int) -> Iterator[Contender]:
    """Yield passes without gradients through the IResNet."""
    tiny, full = "iresnet_micro_64.arcface", "iresnet100.arcface"
    yield from extraction(tiny if setting.is_tiny else full, setting, batch)


def extraction(network: str, setting: Setting, batch: int) -> Iterator[Contender]:
    """Yield a pass as `extract --device cuda` makes it, and plain ones."""
    model, crops = network_and_crops(network, batch, setting)
    model.eval()
    with torch.inference_mode():
        flops = flops_of(lambda: model(crops[:1])) * batch
    ours = network_and_crops(network, batch, setting)[0].eval()
    ours.to(memory_format=torch.channels_last)
    for name, backbone, precision in (
        ("wildaffect", ours, BF16),
        ("plain torch", model, BF16),
        ("plain torch", model, "32-true"),
    ):
        step = plain_pass(backbone, crops, precision)
        yield built(name, precision, lambda step=step: step, flops, setting)


def plain_step(
    model: nn.Module, loss_of: Callable[[], Tensor], precision: str
) -> Callable[[], object]:
    """Return one step as one writes it first."""
    optimizer = AdamW(model.parameters(), lr=1e-4)
    device_type = next(model.parameters()).device.type

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device_type, torch.bfloat16, enabled=precision == BF16):
            loss = loss_of()
        loss.backward()
        optimizer.step()

    return step


def plain_pass(model: nn.Module, crops: Tensor, precision: str) -> Callable[[], object]:
    """Return a pass without gradients."""

    def step() -> object:
        is_short = precision == BF16
        with (
            torch.inference_mode(),
            torch.autocast(crops.device.type, torch.bfloat16, enabled=is_short),
        ):
            return model(crops)

    return step


def stepper_of(recipe: Any, setting: Setting) -> Callable[[], object]:
    """Return one step of a recipe."""
    return stepper(recipe, setting.root, setting.device.type)


def network_and_crops(
    network: str, batch: int, setting: Setting
) -> tuple[nn.Module, Tensor]:
    """Return an untrained backbone and normal noise of the size that it reads."""
    spec = backbone_spec(network)
    size_px = spec.preprocess.size_px
    crops = torch.randn(batch, 3, size_px, size_px, device=setting.device)
    return spec.build().to(setting.device), crops


def transformers_mae(network: str) -> nn.Module:
    """Return transformers' autoencoder of the same sizes."""
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    sizes = MAES[network]
    return ViTMAEForPreTraining(
        ViTMAEConfig(
            hidden_size=sizes.encoder.dim,
            num_hidden_layers=sizes.encoder.depth,
            num_attention_heads=sizes.encoder.num_heads,
            intermediate_size=4 * sizes.encoder.dim,
            image_size=sizes.encoder.size_px,
            patch_size=sizes.encoder.patch_px,
            decoder_hidden_size=sizes.decoder_dim,
            decoder_num_hidden_layers=sizes.decoder_depth,
            decoder_num_attention_heads=sizes.decoder_heads,
            decoder_intermediate_size=4 * sizes.decoder_dim,
            mask_ratio=sizes.mask_ratio,
            norm_pix_loss=True,
        )
    )


def built(
    name: str,
    precision: str,
    build: Callable[[], Callable[[], object]],
    flops: float,
    setting: Setting,
) -> Contender:
    """Build a contender, run it twice, and see what it holds on the device."""
    is_cuda = setting.device.type == "cuda"
    before = torch.cuda.memory_allocated() if is_cuda else 0
    step = build()
    for _ in range(2):
        step()
    after = torch.cuda.memory_allocated() if is_cuda else 0
    return Contender(name, precision, step, flops, after - before)


def flops_of(forward: Callable[[], Tensor]) -> float:
    """Return the operations of a pass, of the one backwards too where gradients are kept.

    Attention counts as the matrix products that it is.
    """
    counter = FlopCounterMode(display=False)
    with counter, sdpa_kernel(SDPBackend.MATH):
        made = forward()
        if made.requires_grad:
            made.backward()
    return float(counter.get_total_flops())


def matrix_product(size: int, precision: str, device: torch.device) -> Callable[[], object]:
    """Return a product of two square matrices."""
    dtype = torch.bfloat16 if precision == BF16 else torch.float32
    one = torch.randn(size, size, device=device, dtype=dtype)
    return lambda: one @ one


def timed(work: Callable[[], object], device: torch.device) -> tuple[float, int]:
    """Return the seconds of some work and the bytes that it held beyond what lay there."""
    with on_an_idle(device):
        before = torch.cuda.memory_allocated() if device.type == "cuda" else 0
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - began
        peak = torch.cuda.max_memory_allocated() if device.type == "cuda" else 0
    return seconds, peak - before


@contextmanager
def on_an_idle(device: torch.device) -> Iterator[None]:
    """Wait for what is under way, and begin to count memory anew."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    yield


if __name__ == "__main__":
    main()
