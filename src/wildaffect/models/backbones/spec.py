"""What is known of a backbone before it is built."""

from collections.abc import Callable
from dataclasses import dataclass

from wildaffect.core.preprocess import Preprocess
from wildaffect.models.backbones.backbone import Backbone


def unchanged(key: str) -> str:
    """Return a key of a weight file as it is."""
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneSpec:
    """What is known of a backbone before it is built."""

    name: str
    feature_dim: int
    preprocess: Preprocess
    build: Callable[[], Backbone]
    head: str = ""
    """Layer of published weights that turns the features into classes; empty for none."""
    droppable: tuple[str, ...] = ()
    """Beginnings of keys in published weights that feature extraction does not need."""
    key_prefix: str = ""
    """Before the keys of published weights in the network's own."""
    rename: Callable[[str], str] = unchanged
    """From a key of an older release of the weights to the one that is used here."""
