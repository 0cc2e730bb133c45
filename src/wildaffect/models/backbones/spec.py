"""Specification of a backbone."""

from collections.abc import Callable
from dataclasses import dataclass

from wildaffect.core.preprocess import Preprocess
from wildaffect.models.backbones.backbone import Backbone


def unchanged(key: str) -> str:
    """Return a key of a weight file unchanged."""
    return key


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
