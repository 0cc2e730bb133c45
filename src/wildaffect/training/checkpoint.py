"""What a run needs to go on after a stop, written so that no half is ever read."""

import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from wildaffect.core.errors import WildAffectError

_WEIGHTS, _STATE = "model.safetensors", "state.pt"


class BadCheckpoint(WildAffectError):
    """A checkpoint is damaged, or is one of another model."""


def save_checkpoint(
    folder: Path, weights: dict[str, Tensor], state: dict[str, Any]
) -> None:
    """Replace the checkpoint in `folder` as a whole.

    Args:
        folder: Made if it is not there.
        weights: Of the model.
        state: Tensors, numbers, texts and containers of them: what else a run needs.
    """
    part = folder.with_name(f".{folder.name}.{uuid4().hex}.part")
    part.mkdir(parents=True)
    save_weights(part / _WEIGHTS, weights)
    torch.save(state, part / _STATE)
    old = folder.with_name(f".{folder.name}.{uuid4().hex}.old")
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return weights and state, None if there is no checkpoint.

    A stop between the two renames of `save_checkpoint` leaves the one before it.

    Raises:
        BadCheckpoint: If a file cannot be read.
    """
    found = folder
    if not folder.exists():
        left = sorted(folder.parent.glob(f".{folder.name}.*.old"))
        if not left:
            return None
        found = left[0]
    try:
        state = torch.load(found / _STATE, weights_only=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise BadCheckpoint(
            f"{found / _STATE}: checkpoint must be whole, got {_first_line(error)}; "
            "delete the folder to begin anew"
        ) from error
    return load_weights(found / _WEIGHTS), state


def save_weights(path: Path, weights: dict[str, Tensor]) -> None:
    """Write weights so that under `path` there is never a part of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    save_file({key: one.detach().cpu().contiguous() for key, one in weights.items()}, part)
    part.replace(path)


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read what `save_weights` wrote.

    Raises:
        BadCheckpoint: If the file is missing or damaged.
    """
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise BadCheckpoint(
            f"{path}: weights must be whole, got {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
