"""What a run needs to go on after a stop, written so that no half is ever read."""

import hashlib
import json
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import torch
from pydantic_core import from_json
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from wildaffect.core.errors import WildAffectError
from wildaffect.core.files import publish, whole_file

_WEIGHTS, _STATE, _CHECKSUMS = "model.safetensors", "state.pt", "sha256.json"
_SHA256 = "sha256"
"""Key of a weight file's metadata; files of other programs have none."""
_MEND = "delete the folder to begin anew"
_DAMAGE = (
    *(RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError),
    *(EOFError, OSError, UnpicklingError, struct.error, MemoryError),
)
"""What torch's reader raises on bytes that are no state."""


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
    sums = {name: _file_sha256(part / name) for name in (_WEIGHTS, _STATE)}
    (part / _CHECKSUMS).write_text(json.dumps(sums) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    publish(part, folder)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return weights and state, None if there is no checkpoint.

    A stop between the two renames of `save_checkpoint` leaves the one before it.

    Raises:
        BadCheckpoint: If a file is missing, or is not as it was written.
    """
    found = folder if folder.exists() else _beside(folder, "old")
    if not found.exists():
        return None
    _check_sums(found)
    return load_weights(found / _WEIGHTS), _load_state(found / _STATE)


def _check_sums(folder: Path) -> None:
    """Compare the files with their checksums: a changed bit would train on unseen."""
    path = folder / _CHECKSUMS
    try:
        stated = from_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadCheckpoint(
            f"{path}: checksums must be there, got {_first_line(error)}; {_MEND}"
        ) from error
    for name in (_WEIGHTS, _STATE):
        file = folder / name
        found = _file_sha256(file) if file.is_file() else "no file"
        if not isinstance(stated, Mapping) or stated.get(name) != found:
            raise BadCheckpoint(
                f"{file}: checkpoint must be whole, got other bytes than were written "
                f"(sha256 {found[:12]}); {_MEND}"
            )


def _load_state(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        raise BadCheckpoint(
            f"{path}: checkpoint must be whole, got {_first_line(error)}; {_MEND}"
        ) from error
    if not isinstance(state, dict):
        raise BadCheckpoint(f"{path}: checkpoint must hold a state, got another; {_MEND}")
    return state


def save_weights(path: Path, weights: dict[str, Tensor]) -> None:
    """Write weights so that under `path` there is never a part of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {key: weight.detach().cpu().contiguous() for key, weight in weights.items()}
    with whole_file(path) as part:
        save_file(tensors, part, metadata={_SHA256: tensors_sha256(tensors)})


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read what `save_weights` wrote.

    Raises:
        BadCheckpoint: If the file is missing, or is not as it was written.
    """
    try:
        with cast(Any, safe_open(path, framework="pt")) as file:
            stated = (file.metadata() or {}).get(_SHA256)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        raise BadCheckpoint(
            f"{path}: weights must be whole, got {_first_line(error)}"
        ) from error
    if stated is not None and stated != tensors_sha256(tensors):
        raise BadCheckpoint(
            f"{path}: weights must be as they were written (sha256 {stated[:12]}), got "
            "others; copy the file again"
        )
    return tensors


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Return the hash of tensors with their names, types and shapes; all on the CPU."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f".{path.name}.{end}")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
