"""Write mae.json: loss, guess and mask of ViTMAE in the package transformers.

Run: pip install transformers==5.24.0 && python tests/golden/backbones/make_mae.py

The weights are a formula under the names of the reference checkpoints; here they are handed
to transformers under its own names, which keep query, key and value apart.
"""

import json
import re
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import ViTMAEConfig, ViTMAEForPreTraining
from transformers.models.vit_mae.modeling_vit_mae import (
    build_2d_sinusoidal_position_embedding,
)
from weights_formula import formula_crops, formula_state, formula_tensor

SIDE, PATCH, DIM, DEPTH, HEADS = 32, 8, 32, 2, 4
DECODER_DIM, DECODER_DEPTH, DECODER_HEADS = 16, 1, 2
NUM_PATCHES = (SIDE // PATCH) ** 2
NAMES = (
    (r"^decoder_blocks\.", "decoder.decoder_layers."),
    (r"^(decoder_|mask_token)", r"decoder.\1"),
    (r"^blocks\.", "vit.layers."),
    (r"^norm\.", "vit.layernorm."),
    (r"^cls_token", "vit.embeddings.cls_token"),
    (r"^patch_embed\.proj", "vit.embeddings.patch_embeddings.projection"),
    (r"\.attn\.proj", ".attention.o_proj"),
    (r"\.norm1", ".layernorm_before"),
    (r"\.norm2", ".layernorm_after"),
)
"""Pattern of a reference name -> transformers', applied in this order."""


def block_shapes(name: str, dim: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of one transformer layer."""
    linear = {"attn.qkv": 3 * dim, "attn.proj": dim, "mlp.fc1": 4 * dim, "mlp.fc2": dim}
    found: dict[str, tuple[int, ...]] = {}
    for part, width in linear.items():
        found[f"{name}.{part}.weight"] = (width, 4 * dim if part == "mlp.fc2" else dim)
        found[f"{name}.{part}.bias"] = (width,)
    for norm in ("norm1", "norm2"):
        found |= {f"{name}.{norm}.weight": (dim,), f"{name}.{norm}.bias": (dim,)}
    return found


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of every learned tensor, by its name in the reference files."""
    found: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, DIM),
        "mask_token": (1, 1, DECODER_DIM),
        "patch_embed.proj.weight": (DIM, 3, PATCH, PATCH),
        "patch_embed.proj.bias": (DIM,),
        "decoder_embed.weight": (DECODER_DIM, DIM),
        "decoder_embed.bias": (DECODER_DIM,),
        "decoder_pred.weight": (3 * PATCH**2, DECODER_DIM),
        "decoder_pred.bias": (3 * PATCH**2,),
    }
    for norm, width in (("norm", DIM), ("decoder_norm", DECODER_DIM)):
        found |= {f"{norm}.weight": (width,), f"{norm}.bias": (width,)}
    for index in range(DEPTH):
        found |= block_shapes(f"blocks.{index}", DIM)
    for index in range(DECODER_DEPTH):
        found |= block_shapes(f"decoder_blocks.{index}", DECODER_DIM)
    return found


def named_for_transformers(name: str) -> str:
    """Return transformers' name of a tensor of the reference checkpoints."""
    for reference, theirs in NAMES:
        name = re.sub(reference, theirs, name)
    return name


def state_for_transformers() -> dict[str, torch.Tensor]:
    """Return formula weights and fixed positions under the names of transformers."""
    state = {}
    for key, value in formula_state(shapes()).items():
        tensor = torch.as_tensor(value)
        if "attn.qkv" in key:
            for part, third in zip("qkv", tensor.chunk(3), strict=True):
                name = key.replace("attn.qkv", f"attention.{part}_proj")
                state[named_for_transformers(name)] = third
        else:
            state[named_for_transformers(key)] = tensor
    state["vit.embeddings.position_embeddings"] = positions(DIM)
    state["decoder.decoder_pos_embed"] = positions(DECODER_DIM)
    return state


def positions(dim: int) -> torch.Tensor:
    """Return transformers' positions, its halves swapped as its comment asks for.

    Version 5.24 leaves them at zero in a model that is made from a config alone.
    """
    grid = SIDE // PATCH
    rows_first = build_2d_sinusoidal_position_embedding(grid, grid, dim, cls_token=True)
    return torch.cat([rows_first[:, dim // 2 :], rows_first[:, : dim // 2]], 1)[None]


def main() -> None:
    """Write the golden file."""
    config = ViTMAEConfig(
        hidden_size=DIM,
        num_hidden_layers=DEPTH,
        num_attention_heads=HEADS,
        intermediate_size=4 * DIM,
        image_size=SIDE,
        patch_size=PATCH,
        decoder_hidden_size=DECODER_DIM,
        decoder_num_hidden_layers=DECODER_DEPTH,
        decoder_num_attention_heads=DECODER_HEADS,
        decoder_intermediate_size=4 * DECODER_DIM,
        layer_norm_eps=1e-6,
        norm_pix_loss=True,
        mask_ratio=0.75,
    )
    model = ViTMAEForPreTraining(config).eval()
    model.load_state_dict(state_for_transformers())
    crops = torch.as_tensor(formula_crops(2, 3, SIDE))
    noise = torch.as_tensor(formula_tensor("noise", (2, NUM_PATCHES), scale=1.0))
    with torch.no_grad():
        out = model(crops, noise=noise)
    document = {
        "origin": f"ViTMAEForPreTraining of transformers {transformers.__version__} "
        "(Apache-2.0), weights by formula; make_mae.py",
        "config": {
            "size_px": SIDE,
            "patch_px": PATCH,
            "dim": DIM,
            "depth": DEPTH,
            "num_heads": HEADS,
            "decoder_dim": DECODER_DIM,
            "decoder_depth": DECODER_DEPTH,
            "decoder_heads": DECODER_HEADS,
        },
        "loss": out.loss.item(),
        "mask": out.mask.int().tolist(),
        "pred": np.round(out.logits.double().numpy(), 7).tolist(),
    }
    path = Path(__file__).with_name("mae.json")
    path.write_text(json.dumps(document) + "\n")
    print(f"wrote {path.name}: loss {out.loss.item():.4f}, spread {out.logits.std():.3f}")


if __name__ == "__main__":
    main()
