"""Commands that need more than the core say so before anything is imported."""

from importlib.util import find_spec
from typing import Any, NamedTuple

from wildaffect.core.errors import MissingExtra

TRAIN_PACKAGES = ("torch", "lightning_fabric", "tensorboard", "onnx")


class Prepared(NamedTuple):
    """A command whose flags depend on its first words."""

    command: type
    default: Any
    """What flags are compared with and fill in."""
    args: list[str]
    """Words that are left to be read."""
    description: str | None = None
    """Of the help, in place of the module's."""


def require_train(what: str) -> None:
    """Raise MissingExtra unless the packages of training are installed."""
    if any(find_spec(name) is None for name in TRAIN_PACKAGES):
        raise MissingExtra(what, "train")


def require_cluster(what: str) -> None:
    """Raise MissingExtra unless Ray is installed."""
    if find_spec("ray") is None:
        raise MissingExtra(what, "cluster")
