"""Compare the keys and shapes of a weight file with those of a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from wildaffect.core.errors import BadWeights
from wildaffect.models.backbones.registry import (
    backbone_names,
    backbone_spec,
    empty_backbone,
)
from wildaffect.models.backbones.spec import BackboneSpec

PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "encoder.")
"""Key prefixes of wrappers (parallel, compiled, a larger network), outermost first."""

POSITIONS = "pos_embed"
_COUNTER = ".num_batches_tracked"
_NUM_SHOWN = 4

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FittedTensors:
    """Tensors of a file matched to a network, under the network's keys."""

    tensors: dict[str, Tensor]
    """All tensors of the network."""
    head: dict[str, Tensor]
    """`weight` and `bias` of the file's classifier, empty if it has none."""
    dropped: tuple[str, ...]
    """Keys of the file that are not needed for features: classifier, decoder."""
    resized_from: int
    """Number of patches of the file's positions, if they were resized; else 0."""


def fit_tensors(
    where: str, tensors: Mapping[str, Tensor], spec: BackboneSpec, *, resize_positions: bool
) -> FittedTensors:
    """Match all of a file's tensors to a network by key.

    Args:
        where: The file, for messages.
        tensors: Its tensors by name.
        spec: The network.
        resize_positions: Interpolate position embeddings of another number of patches.

    Raises:
        BadWeights: If a key is missing, unexpected or of another shape. The message lists
            the first of each, and networks that do fit.
    """
    shapes = _published_shapes(spec)
    named = _named_as_published(where, tensors, spec, frozenset(shapes))
    resized_from = 0
    if not any(_other_keys(spec, named, shapes)):  # else there may be other prefix tokens
        resized_from = _check_positions(where, named, shapes, resize_positions)
    _check_all(where, spec, named, tensors)
    return FittedTensors(
        # Old versions of torch have no batch counter in batch norms.
        tensors={spec.key_prefix + k: named.get(k, torch.tensor(0)) for k in shapes},
        head=_head(named, spec),
        dropped=tuple(key for key in named if key not in shapes),
        resized_from=resized_from,
    )


@cache
def network_shapes(name: str) -> dict[str, Shape]:
    """Return the shape of every tensor in a registered network's state."""
    state = empty_backbone(name).state_dict()
    return {key: tuple(value.shape) for key, value in state.items()}


def _published_shapes(spec: BackboneSpec) -> dict[str, Shape]:
    """Return the shapes of a network by the keys of published weights."""
    return {
        key.removeprefix(spec.key_prefix): shape
        for key, shape in network_shapes(spec.name).items()
    }


def _named_as_published(
    where: str, tensors: Mapping[str, Tensor], spec: BackboneSpec, wanted: frozenset[str]
) -> dict[str, Tensor]:
    strip = [p for p in PREFIXES if not any(key.startswith(p) for key in wanted)]
    named: dict[str, Tensor] = {}
    for key, value in spec.convert(tensors).items():
        plain = key
        for prefix in strip:
            plain = plain.removeprefix(prefix)
        plain = spec.rename(plain)
        if plain in named:
            raise BadWeights(
                f"{where}: each tensor must be there once, got {plain} twice, the second "
                f"as {key}; name the part that is meant with --key"
            )
        named[plain] = value
    return named


def _head(named: Mapping[str, Tensor], spec: BackboneSpec) -> dict[str, Tensor]:
    if not spec.head:
        return {}
    parts = {part: named.get(f"{spec.head}.{part}") for part in ("weight", "bias")}
    return {part: value for part, value in parts.items() if value is not None}


def _check_positions(
    where: str, named: dict[str, Tensor], shapes: Mapping[str, Shape], resize: bool
) -> int:
    """Resize positions in place if requested; return their original number."""
    positions, wanted = named.get(POSITIONS), shapes.get(POSITIONS)
    if positions is None or wanted is None or tuple(positions.shape) == wanted:
        return 0
    if positions.dim() != 3 or positions.shape[2] != wanted[2]:
        return 0  # a different network: reported with all other differences
    num_patches, num_wanted = positions.shape[1] - 1, wanted[1] - 1
    if not resize:
        raise BadWeights(
            f"{where}: {POSITIONS} must be for {num_wanted} patches, got {num_patches}; "
            "choose the network of that size, or interpolate with --resize-positions"
        )
    if round(num_patches**0.5) ** 2 != num_patches:
        raise BadWeights(
            f"{where}: {POSITIONS} must be a class token and a square of patches to be "
            f"resized, got {num_patches} patches"
        )
    from timm.layers.pos_embed import resample_abs_pos_embed  # noqa: PLC0415 - slow

    side = round(num_wanted**0.5)
    named[POSITIONS] = resample_abs_pos_embed(positions, [side, side], num_prefix_tokens=1)
    return num_patches


def _check_all(
    where: str,
    spec: BackboneSpec,
    named: Mapping[str, Tensor],
    tensors: Mapping[str, Tensor],
) -> None:
    shapes = _published_shapes(spec)
    got = {key: tuple(value.shape) for key, value in named.items()}
    missing, unexpected = _other_keys(spec, named, shapes)
    reshaped = [k for k in got if k in shapes and got[k] != shapes[k]]
    if not (missing or unexpected or reshaped):
        return
    listed = [
        _listed("missing", missing),
        _listed("unexpected", unexpected),
        _listed("of another shape", [f"{k} {got[k]} for {shapes[k]}" for k in reshaped]),
    ]
    raise BadWeights(
        f"{where}: weights must fit {spec.name}, got keys "
        f"{', '.join(filter(None, listed))}; "
        f"{_advice(tensors, got, spec)}"
    )


def _other_keys(
    spec: BackboneSpec, named: Mapping[str, Tensor], shapes: Mapping[str, Shape]
) -> tuple[list[str], list[str]]:
    """Return the keys that a file lacks, and those that the network does not have."""
    missing = [k for k in shapes if k not in named and not k.endswith(_COUNTER)]
    unexpected = [k for k in named if k not in shapes and not k.startswith(spec.droppable)]
    return missing, unexpected


def _listed(what: str, keys: list[str]) -> str:
    if not keys:
        return ""
    rest = ", ..." if len(keys) > _NUM_SHOWN else ""
    return f"{len(keys)} {what} ({', '.join(keys[:_NUM_SHOWN])}{rest})"


def _advice(
    tensors: Mapping[str, Tensor], got: Mapping[str, Shape], spec: BackboneSpec
) -> str:
    shapes = _published_shapes(spec)
    for key in shapes.keys() & got.keys():
        read, wanted = got[key], shapes[key]
        if len(read) == 4 and {read[1], wanted[1]} == {1, 3} and read[2:] == wanted[2:]:
            colors = {1: "gray", 3: "color"}
            return (
                f"the file reads {colors[read[1]]} crops, {spec.name} {colors[wanted[1]]}"
            )
    others = (backbone_spec(name) for name in backbone_names() if name != spec.name)
    fitting = [other.name for other in others if _covers(tensors, other)]
    if fitting:
        return f"they fit {', '.join(fitting)}"
    return "no other registered network fits them either"


def _covers(tensors: Mapping[str, Tensor], spec: BackboneSpec) -> bool:
    """Return whether a file has exactly the keys of a network."""
    shapes = _published_shapes(spec)
    try:
        named = _named_as_published("", tensors, spec, frozenset(shapes))
    except BadWeights:
        return False
    return all(
        key in named and tuple(named[key].shape) == shape
        for key, shape in shapes.items()
        if not key.endswith(_COUNTER)
    ) and all(key in shapes or key.startswith(spec.droppable) for key in named)
