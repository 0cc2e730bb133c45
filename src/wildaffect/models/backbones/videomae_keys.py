"""Weight files of video transformers, under the names of our network.

Three layouts are read: that of the VideoMAE and VideoMAE V2 repositories (`q_bias` and
`v_bias` beside a joint weight), that of transformers (query, key and value apart), and that
of MARLIN. Keys that belong to none stay as they are, so that they are reported.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from wildaffect.models.backbones.key_rules import rename_key

_LAYER = r"^(?:.*\.)?encoder\.layer\.(\d+)\."
_TRANSFORMERS = (
    (r"^(?:.*\.)?embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (_LAYER + r"layernorm_before\.", r"blocks.\1.norm1."),
    (_LAYER + r"layernorm_after\.", r"blocks.\1.norm2."),
    (_LAYER + r"attention\.attention\.q_bias$", r"blocks.\1.attn.q_bias"),
    (_LAYER + r"attention\.attention\.v_bias$", r"blocks.\1.attn.v_bias"),
    (_LAYER + r"attention\.attention\.query\.bias$", r"blocks.\1.attn.q_bias"),
    (_LAYER + r"attention\.attention\.value\.bias$", r"blocks.\1.attn.v_bias"),
    (_LAYER + r"attention\.attention\.(query|key|value)\.", r"blocks.\1.attn.\2."),
    (_LAYER + r"attention\.output\.dense\.", r"blocks.\1.attn.proj."),
    (_LAYER + r"intermediate\.dense\.", r"blocks.\1.mlp.fc1."),
    (_LAYER + r"output\.dense\.", r"blocks.\1.mlp.fc2."),
    (r"^(?:videomae\.)?layernorm\.", "norm."),
    (r"^classifier\.", "head."),
)
_MARLIN = (
    (r"^(.*\.)?patch_embedding\.projection\.", r"\1patch_embed.proj."),
    (r"\.mlp\.layers\.0\.linear\.", ".mlp.fc1."),
    (r"\.mlp\.layers\.1\.linear\.", ".mlp.fc2."),
    (r"^((?:.*\.)?encoder\.)?norm\.", "fc_norm."),
)
_PARTS = ("query", "key", "value")


def from_videomae(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a VideoMAE file with joint queries, keys and values."""
    return _joined({rename_key(key, _TRANSFORMERS): t for key, t in tensors.items()})


def from_marlin(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a MARLIN file with joint queries, keys and values."""
    return _joined({rename_key(key, _MARLIN): t for key, t in tensors.items()})


def _joined(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = dict(tensors)
    for key in tensors:
        layer, _, name = key.rpartition(".")
        if name == "q_bias" and f"{layer}.v_bias" in tensors:
            query, value = found.pop(key), found.pop(f"{layer}.v_bias")
            found[f"{layer}.qkv.bias"] = torch.cat([query, torch.zeros_like(query), value])
        elif key.endswith(".query.weight"):
            layer = layer.removesuffix(".query")
            weights = [f"{layer}.{part}.weight" for part in _PARTS]
            if all(weight in tensors for weight in weights):
                parts = [found.pop(weight) for weight in weights]
                found[f"{layer}.qkv.weight"] = torch.cat(parts)
    return found
