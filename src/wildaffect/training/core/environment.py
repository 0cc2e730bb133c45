"""What a run was made with: versions, commit, device."""

import platform
import subprocess
from importlib.metadata import Distribution, PackageNotFoundError, version
from pathlib import Path
from shutil import which
from typing import Any

import torch
from pydantic_core import from_json

from wildaffect.training.core.distributed import num_processes

_ROOT = Path(__file__).parents[4]
_PACKAGES = ("wildaffect", "torch", "numpy", "lightning-fabric", "onnx")


def describe_environment(device: torch.device) -> dict[str, Any]:
    """Return package versions, the commit of wildaffect, platform and device.

    Args:
        device: Device of the first process.
    """
    found: dict[str, Any] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found | {
        "commit": find_commit(_ROOT),
        "machine": platform.machine(),
        "system": platform.system(),
        "device": _device_name(device),
        "processes": num_processes(),
        "threads": torch.get_num_threads(),
    }


def find_commit(root: Path) -> str | None:
    """Return the commit that runs, with `, changed` if files differ from it.

    That of a checkout if the package lies in one, else the one that pip installed; None if
    neither is known, as for a release.

    Args:
        root: Folder of the checkout, if there is one.
    """
    git = which("git")
    if git is not None and (root / ".git").exists():
        commit = _git(git, root, "rev-parse", "HEAD")
        if commit:
            is_changed = _git(git, root, "status", "--porcelain", "--untracked-files=no")
            return f"{commit}, changed" if is_changed else commit
    try:
        origin = Distribution.from_name("wildaffect").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    return from_json(origin).get("vcs_info", {}).get("commit_id") if origin else None


def _git(git: str, root: Path, *words: str) -> str:
    done = subprocess.run(
        [git, "-C", str(root), *words], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return device.type
