"""Safe reading of weight files, without executing their code."""

import argparse
import re
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from wildaffect.core.errors import BadWeights, UsageError
from wildaffect.core.zips import BadZip, check_member, open_zip

WRAPPERS = ("model", "state_dict", "teacher", "module")
"""Entries of a training checkpoint under which its weights are published."""

_DAMAGE = (
    *(RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError),
    *(EOFError, OSError, UnpicklingError, struct.error, MemoryError),
)
"""Exceptions that `torch.load` raises on damaged files, found by fuzzing."""

_CODE = re.compile(r"GLOBAL (\S+)")


def read_checkpoint(path: Path, *, key: str = "") -> dict[str, Tensor]:
    """Return the tensors of a weight file by name, on the CPU.

    Files that end in .safetensors are read as such, all others as torch files. Pickled code
    is never executed; files that contain it are rejected.

    Args:
        path: Weight file.
        key: Entry that holds the weights, dots between levels (`student.backbone`); by
            default the entry among `WRAPPERS` that exists, or the entire file.

    Raises:
        BadWeights: If the file is damaged, contains code or contains no tensors.
        UsageError: If several entries could hold the weights.
    """
    if not path.is_file():
        raise BadWeights(f"no such file: {path}")
    content = _read_safetensors(path) if _is_safetensors(path) else _read_torch(path)
    tensors = _tensors_in(_entry(path, content, key))
    if not tensors:
        entries = ", ".join(map(str, content))[:200] or "nothing"
        raise BadWeights(f"{path}: weights must be tensors by name, got {entries}")
    _check_finite(path, tensors)
    return tensors


def _is_safetensors(path: Path) -> bool:
    return path.suffix == ".safetensors"


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise BadWeights(
            f"{path}: must be a whole safetensors file, got {error}; fetch it again"
        ) from error


def _read_torch(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise BadWeights(f"{path}: weights cannot be read: {error.strerror}") from error
    if not start.startswith((b"PK", b"\x80")):
        raise BadWeights(
            f"{path}: must be a file of torch or safetensors, got one that begins with "
            f"{start!r}; fetch it again"
        )
    if start.startswith(b"PK"):
        _check_zip(path)
    try:
        # Reference training code stores its options in a Namespace, which is harmless.
        with (
            torch.serialization.safe_globals([argparse.Namespace]),
            warnings.catch_warnings(action="ignore"),  # redundant with the error
        ):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        raise BadWeights(f"{path}: {_reason(error)}") from error
    if not isinstance(content, Mapping):
        raise BadWeights(
            f"{path}: weights must be tensors by name, got {type(content).__name__}"
        )
    return content


def _check_zip(path: Path) -> None:
    """Reject compressed files, which could unpack to any size; torch does not compress."""
    try:
        with open_zip(path) as archive:
            for member in archive.infolist():
                check_member(member)
    except BadZip as error:
        raise BadWeights(
            f"{path}: must be a whole file of torch, got a damaged one ({error}); fetch it "
            "again"
        ) from error


def _reason(error: Exception) -> str:
    if code := _CODE.search(str(error)):
        return (
            f"weights must be tensors alone, got code ({code[1].rstrip('.')}), which is "
            "not run; save `model.state_dict()` where that code is trusted"
        )
    if "TorchScript" in str(error):
        return (
            "weights must be tensors alone, got a program (TorchScript), which is not run; "
            "save `torch.jit.load(file).state_dict()` where that program is trusted"
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = f"{type(error).__name__}: {lines[-1][:120]}" if lines else type(error).__name__
    return f"must be a whole file of torch, got a damaged one ({reason}); fetch it again"


def _entry(path: Path, content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    if key:
        return _named_entry(path, content, key)
    while not _tensors_in(content):
        found = [name for name in WRAPPERS if isinstance(content.get(name), Mapping)]
        if len(found) > 1:
            raise UsageError(
                f"{path}: one entry must hold the weights, got {', '.join(found)}; "
                "name it with --key"
            )
        if not found:
            return content
        content = content[found[0]]
    return content


def _named_entry(path: Path, content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    for part in key.split("."):
        inner = content.get(part)
        if not isinstance(inner, Mapping):
            there = ", ".join(str(k) for k, v in content.items() if isinstance(v, Mapping))
            raise UsageError(
                f"{path}: --key {key} must name an entry that holds tensors, got none "
                f"called {part!r}; there are: {there or 'no entries'}"
            )
        content = inner
    return content


def _tensors_in(content: Mapping[str, Any]) -> dict[str, Tensor]:
    return {str(k): v for k, v in content.items() if isinstance(v, Tensor)}


def _check_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise BadWeights(
                f"{path}: {name} must be finite, got infinite values or NaN; "
                "its training diverged"
            )
