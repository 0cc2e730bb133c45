"""What a run needs to go on after a stop, written so that no half is ever read."""

import shutil
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import is_zipfile

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from wildaffect.core.errors import WildAffectError
from wildaffect.core.files import publish, whole_file

_WEIGHTS, _STATE = "model.safetensors", "state.pt"


class BadCheckpoint(WildAffectError):
    """A checkpoint is damaged, or is one of another model."""


def save_checkpoint(
    folder: Path, weights: dict[str, Tensor], state: dict[str, Any]
) -> None:
    """Replace the checkpoint in `folder` as a whole; one process alone may do so.

    What an earlier stop left half done is removed first, so that it neither fills the disk
    nor is taken for the newest.

    Args:
        folder: Made if it is not there.
        weights: Of the model.
        state: Tensors, numbers, texts and containers of them: what else a run needs.
    """
    part, old = _beside(folder, "part"), _beside(folder, "old")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_weights(part / _WEIGHTS, weights)
    torch.save(state, part / _STATE)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    publish(part, folder)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return weights and state, None if there is no checkpoint.

    A stop between the two renames of `save_checkpoint` leaves the one before it.

    Raises:
        BadCheckpoint: If a file cannot be read.
    """
    found = folder if folder.exists() else _beside(folder, "old")
    if not found.exists():
        return None
    return load_weights(found / _WEIGHTS), _load_state(found / _STATE)


def _load_state(path: Path) -> dict[str, Any]:
    wrong = f"{path}: checkpoint must be whole, got"
    mend = "delete the folder to begin anew"
    if not is_zipfile(path):
        raise BadCheckpoint(f"{wrong} no file or one without its end; {mend}")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise BadCheckpoint(f"{wrong} {_first_line(error)}; {mend}") from error
    return state


def save_weights(path: Path, weights: dict[str, Tensor]) -> None:
    """Write weights so that under `path` there is never a part of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {key: one.detach().cpu().contiguous() for key, one in weights.items()}
    with whole_file(path) as part:
        save_file(tensors, part)


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


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f".{path.name}.{end}")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
