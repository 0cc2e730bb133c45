"""Checkpoints for resuming a run, written atomically and verified on reading."""

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
from wildaffect.core.hashes import file_sha256
from wildaffect.training.core.folder import not_saved

_WEIGHTS, _STATE, _CHECKSUMS = "model.safetensors", "state.pt", "sha256.json"
_SHA256 = "sha256"
"""Metadata key of the checksum in a weight file; files of other programs lack it."""
_RESTART = "delete the folder to start over"
_DAMAGE = (
    *(RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError),
    *(EOFError, OSError, UnpicklingError, struct.error, MemoryError),
)
"""Exceptions that `torch.load` raises on corrupt files."""

_WRITER = "inline_container"
"""Part of the `RuntimeError` of `torch.save` on a full disk: the file that raises it."""


class BadCheckpoint(WildAffectError):
    """A checkpoint is damaged or belongs to another model."""


def save_checkpoint(
    folder: Path, weights: dict[str, Tensor], state: dict[str, Any]
) -> None:
    """Replace the checkpoint in `folder` atomically; call it in one process only.

    Leftovers of an interrupted save are removed first.

    Args:
        folder: Folder of the checkpoint; created if missing.
        weights: Weights of the model.
        state: Rest of the training state: tensors, numbers, strings and containers of them.

    Raises:
        OutputError: If it cannot be written, as on a full disk; an older one stays.
    """
    part, old = _beside(folder, "part"), _beside(folder, "old")
    try:
        _write_checkpoint(folder, part, old, weights, state)
    except (OSError, RuntimeError) as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, RuntimeError) and _WRITER not in str(error):
            raise  # such as an error of the GPU that shows when its weights are copied
        raise not_saved(folder, error) from error


def _write_checkpoint(
    folder: Path, part: Path, old: Path, weights: dict[str, Tensor], state: dict[str, Any]
) -> None:
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_weights(part / _WEIGHTS, weights)
    torch.save(state, part / _STATE)
    sums = {name: file_sha256(part / name) for name in (_WEIGHTS, _STATE)}
    (part / _CHECKSUMS).write_text(json.dumps(sums) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    publish(part, folder)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return weights and state, or None if there is no checkpoint.

    If `save_checkpoint` was interrupted between its two renames, the previous one is read.

    Raises:
        BadCheckpoint: If a file is missing or corrupt.
    """
    found = folder if folder.exists() else _beside(folder, "old")
    if not found.exists():
        return None
    _check_sums(found)
    return load_weights(found / _WEIGHTS), _load_state(found / _STATE)


def _check_sums(folder: Path) -> None:
    """Verify the checksums of the files; a flipped bit would otherwise go unnoticed."""
    path = folder / _CHECKSUMS
    try:
        stated = from_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadCheckpoint(
            f"{path}: cannot read checksums: {_first_line(error)}; {_RESTART}"
        ) from error
    for name in (_WEIGHTS, _STATE):
        file = folder / name
        found = file_sha256(file) if file.is_file() else "no file"
        if not isinstance(stated, Mapping) or stated.get(name) != found:
            raise BadCheckpoint(
                f"{file}: corrupt checkpoint: the sha256 {found[:12]} is not the recorded "
                f"one; {_RESTART}"
            )


def _load_state(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        raise BadCheckpoint(
            f"{path}: corrupt checkpoint: {_first_line(error)}; {_RESTART}"
        ) from error
    if not isinstance(state, dict):
        raise BadCheckpoint(f"{path}: corrupt checkpoint: not a state dict; {_RESTART}")
    return state


def save_weights(path: Path, weights: dict[str, Tensor]) -> None:
    """Write weights atomically.

    Raises:
        OutputError: If they cannot be written, as on a full disk.
    """
    tensors = {key: weight.detach().cpu().contiguous() for key, weight in weights.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            save_file(tensors, part, metadata={_SHA256: tensors_sha256(tensors)})
    except (OSError, SafetensorError) as error:
        raise not_saved(path, error) from error


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
        raise BadCheckpoint(f"{path}: cannot read weights: {_first_line(error)}") from error
    if stated is not None and stated != tensors_sha256(tensors):
        raise BadCheckpoint(
            f"{path}: corrupt weights: the sha256 is not the recorded {stated[:12]}; copy "
            "the file again"
        )
    return tensors


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """Return the hash of CPU tensors with their names, types and shapes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f".{path.name}.{end}")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
