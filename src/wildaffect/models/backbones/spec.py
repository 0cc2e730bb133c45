"""Specification of a backbone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from wildaffect.core.clips import ClipSampling
from wildaffect.core.preprocess import Preprocess
from wildaffect.models.backbones.backbone import Backbone


def unchanged(key: str) -> str:
    """Return a key of a weight file unchanged."""
    return key


def as_published(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a weight file unchanged."""
    return dict(tensors)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneSpec:
    """Specification of a backbone."""

    name: str
    feature_dim: int
    preprocess: Preprocess
    build: Callable[[], Backbone]
    head: str = ""
    """Name of the classifier in published weights; empty for none."""
    droppable: tuple[str, ...] = ()
    """Prefixes of keys in published weights that are not needed for features."""
    key_prefix: str = ""
    """Prefix of the network's keys relative to those of published weights."""
    rename: Callable[[str], str] = unchanged
    """Maps keys of an older release of the weights to current ones."""
    convert: Callable[[Mapping[str, Tensor]], dict[str, Tensor]] = as_published
    """Maps tensors of a file in another layout to those of the network."""
    clips: ClipSampling | None = None
    """Clips that a `ClipBackbone` was trained on; None if it reads single crops."""
