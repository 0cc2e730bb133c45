"""Weight files of DINOv2, DINOv3 and CLIP, under the names that timm gives them.

Layouts of their makers' repositories and of transformers are read; files of timm stay as
they are. Keys that belong to none stay too, so that they are reported.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from wildaffect.models.backbones.key_rules import rename_key

_SIGNS = ("storage_tokens", "register_tokens", "mask_token", "class_embedding")
"""Ends of keys that files of timm do not have."""
_LAYER = r"^(?!text_model)(?:.*\.)?(?:encoder\.layers?|model\.layer|layer)\.(\d+)\."
_INSIDE = r"^(?!text_model)(?:.*\.)?embeddings\."
_CLIP = r"^(?:module\.)?visual\."
_RULES = (
    # transformers
    (_INSIDE + r"(?:cls_token|class_embedding)$", "cls_token"),
    (_INSIDE + r"(mask_token|register_tokens)$", r"\1"),
    (_INSIDE + r"(?:position_embeddings|position_embedding\.weight)$", "pos_embed"),
    (_INSIDE + r"patch_embeddings?\.(?:projection\.)?(\w+)$", r"patch_embed.proj.\1"),
    (_LAYER + r"(?:layer_)?norm(\d)\.", r"blocks.\1.norm\2."),
    (
        _LAYER + r"(?:attention\.attention|attention|self_attn)\.([qkv])"
        r"(?:uery|ey|alue|_proj)\.",
        r"blocks.\1.attn.\2.",
    ),
    (
        _LAYER + r"(?:attention\.output\.dense|attention\.o_proj|self_attn\.out_proj)\.",
        r"blocks.\1.attn.proj.",
    ),
    (_LAYER + r"layer_scale(\d)\.lambda1$", r"blocks.\1.ls\2.gamma"),
    (_LAYER + r"mlp\.(?:fc1|up_proj)\.", r"blocks.\1.mlp.fc1."),
    (_LAYER + r"mlp\.(?:fc2|down_proj)\.", r"blocks.\1.mlp.fc2."),
    (r"^(?:vision_model\.)?(?:post_)?layernorm\.", "norm."),
    (r"^(?:vision_model\.)?pre_layrnorm\.", "norm_pre."),
    # CLIP and OpenCLIP
    (_CLIP + r"conv1\.", "patch_embed.proj."),
    (_CLIP + r"class_embedding$", "cls_token"),
    (_CLIP + r"positional_embedding$", "pos_embed"),
    (_CLIP + r"ln_pre\.", "norm_pre."),
    (_CLIP + r"ln_post\.", "norm."),
    (_CLIP + r"transformer\.resblocks\.(\d+)\.ln_(\d)\.", r"blocks.\1.norm\2."),
    (_CLIP + r"transformer\.resblocks\.(\d+)\.attn\.in_proj_", r"blocks.\1.attn.qkv."),
    (_CLIP + r"transformer\.resblocks\.(\d+)\.attn\.out_proj\.", r"blocks.\1.attn.proj."),
    (_CLIP + r"transformer\.resblocks\.(\d+)\.mlp\.c_fc\.", r"blocks.\1.mlp.fc1."),
    (_CLIP + r"transformer\.resblocks\.(\d+)\.mlp\.c_proj\.", r"blocks.\1.mlp.fc2."),
    # DINOv3
    (r"^storage_tokens$", "register_tokens"),
)
UNUSED = (
    *("mask_token", "rope_embed.", "local_cls_norm."),
    *(
        "visual.proj",
        "visual_projection.",
        "text_model.",
        "text_projection",
        "transformer.",
    ),
    *("token_embedding.", "positional_embedding", "ln_final.", "logit_scale", "logit_bias"),
)
"""Beginnings of keys that features do not need: pre-training and text."""


def from_makers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a file under timm's names."""
    if not any(key.endswith(_SIGNS) for key in tensors):
        return dict(tensors)
    named = {rename_key(key, _RULES): tensor for key, tensor in tensors.items()}
    found = _joined(named)
    if "cls_token" in found:
        found["cls_token"] = found["cls_token"].reshape(1, 1, -1)
    if "pos_embed" in found and found["pos_embed"].dim() == 2:
        found["pos_embed"] = found["pos_embed"].unsqueeze(0)
    if "register_tokens" in found:
        return _with_registers(found) if "pos_embed" in found else _dinov3(found)
    return found


def _joined(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Join queries, keys and values; keys without a bias have a bias of zero."""
    found = dict(tensors)
    for key in tensors:
        if not re.search(r"\.attn\.q\.(weight|bias)$", key):
            continue
        layer, _, name = key.rsplit(".", 2)
        parts = [tensors.get(f"{layer}.{part}.{name}") for part in "qkv"]
        if name == "bias" and parts[1] is None:
            parts[1] = torch.zeros_like(tensors[key])
        whole = [part for part in parts if part is not None]
        if len(whole) == 3:
            for part in "qkv":
                found.pop(f"{layer}.{part}.{name}", None)
            found[f"{layer}.qkv.{name}"] = torch.cat(whole)
    return found


def _with_registers(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """DINOv2: timm adds the position of the class token to the token itself."""
    positions = found["pos_embed"]
    found["reg_token"] = found.pop("register_tokens")
    found["cls_token"] = found["cls_token"] + positions[:, :1]
    found["pos_embed"] = positions[:, 1:]
    return found


def _dinov3(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """DINOv3: other names of the scales, and biases of queries and values alone.

    Keys have none: `bias_mask` sets it to zero. Where all are zero, as in the published
    small, base and large networks, timm's networks have no bias.
    """
    named: dict[str, Tensor] = {}
    for key, tensor in found.items():
        if key.endswith(".bias_mask"):
            continue
        if key.endswith(".attn.qkv.bias"):
            query, _, value = tensor.chunk(3)
            if query.any() or value.any():
                layer = key.removesuffix("qkv.bias")
                named |= {f"{layer}q_bias": query, f"{layer}v_bias": value}
            continue
        named[re.sub(r"\.ls(\d)\.gamma$", r".gamma_\1", key)] = tensor
    named["reg_token"] = named.pop("register_tokens")
    return named
