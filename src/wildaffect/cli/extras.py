"""Checks for optional dependencies, made before any of them is imported."""

from importlib.util import find_spec

from wildaffect.core.errors import MissingExtra

TRAIN_PACKAGES = ("torch", "lightning_fabric", "tensorboard", "onnx")
SERVE_PACKAGES = ("fastapi", "uvicorn", "websockets")


def require_train(what: str) -> None:
    """Raise MissingExtra unless the extra `train` is installed."""
    if any(find_spec(name) is None for name in TRAIN_PACKAGES):
        raise MissingExtra(what, "train")


def require_serve(what: str) -> None:
    """Raise MissingExtra unless the extra `serve` is installed."""
    if any(find_spec(name) is None for name in SERVE_PACKAGES):
        raise MissingExtra(what, "serve")
