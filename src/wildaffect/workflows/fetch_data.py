"""Fetch an open data set with git and git-lfs, as installed on this machine.

Nothing is downloaded by this program itself: it calls `git clone` and `git lfs pull`, which
resume, and counts what has come.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.errors import MissingData, OutputError, UsageError
from wildaffect.formats import crema_d
from wildaffect.formats.acted import SPLITS
from wildaffect.workflows.open_clips import find_open_clips, is_pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDataSet:
    """Where an open data set is published, and on what terms."""

    url: str
    terms: str
    clips: str
    """Folder of the clips; nothing else of the large-file storage is fetched."""
    suffix: str


DATA_SETS: dict[str, OpenDataSet] = {
    "crema-d": OpenDataSet(
        url="https://github.com/CheyneyComputerScience/CREMA-D.git",
        terms=crema_d.TERMS,
        clips=crema_d.CLIPS,
        suffix=".flv",
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """A data set on disk, counted."""

    folder: Path
    num_clips: int
    """Clips that the tables name and that are there."""
    num_bytes: int
    """Size of those clips."""
    missing: tuple[str, ...]
    """Clips that the tables name and that are not there, at most 1 %."""


def fetch_data(
    name: str,
    folder: str | Path,
    *,
    accept_license: bool = False,
    url: str | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,  # noqa: ARG005
) -> FetchResult:
    """Fetch a data set into a folder, or resume there; then count its clips.

    Args:
        name: Name of the data set.
        folder: Folder that does not exist yet, is empty, or holds the same repository.
        accept_license: Accept the terms of the data, which the message of the error tells.
        url: Another place of the same repository, such as a mirror.
        on_stage: Called with the terms, and with the name of each stage as it begins.

    Raises:
        UsageError: If there is no such data set, or its terms are not accepted.
        MissingData: If git or git-lfs is missing or fails, or more than 1 % of the clips do
            not come.
        OutputError: If the folder holds something else.
    """
    if name not in DATA_SETS:
        raise UsageError(f"data set must be one of {', '.join(DATA_SETS)}, got {name!r}")
    known, folder = DATA_SETS[name], Path(folder)
    if not accept_license:
        raise UsageError(
            f"{name}: terms must be accepted: {known.terms}; repeat the command with "
            "`accept_license=True` if you do"
        )
    on_stage(f"terms of the data: {known.terms}")
    _need("git", "git")
    _clone(url or known.url, folder, on_stage)
    if _has_pointers(folder / known.clips, known.suffix):
        _need("git-lfs", "git lfs")
        on_stage(f"fetching the clips in {known.clips} with git lfs pull")
        pattern = f"{known.clips}/*{known.suffix}"
        _run(["git", "-C", str(folder), "lfs", "install", "--local"])
        _run(["git", "-C", str(folder), "lfs", "pull", "--include", pattern])
    on_stage("counting the clips")
    found = find_open_clips(folder, SPLITS)
    return FetchResult(
        folder=folder,
        num_clips=len(found.files),
        num_bytes=sum(file.stat().st_size for file in found.files),
        missing=found.missing,
    )


def _clone(url: str, folder: Path, on_stage: Callable[[str], None]) -> None:
    """Clone without the contents of large files; an interrupted clone leaves nothing."""
    if (folder / ".git").exists():
        origin = _read(["git", "-C", str(folder), "remote", "get-url", "origin"])
        if origin != url:
            raise OutputError(
                f"{folder}: must hold a clone of {url}, got one of {origin}; choose "
                "another folder"
            )
        if _is_checked_out(folder):
            return
        on_stage("checking out what an interrupted run left")
        _run(["git", "-C", str(folder), "checkout", "--force", "HEAD"])
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: must be a new or empty folder, got something in it")
    on_stage(f"cloning {url}")
    _run(["git", "clone", "--depth", "1", url, str(folder)])


def _is_checked_out(folder: Path) -> bool:
    """Return whether no file of the repository is missing."""
    return not _read(["git", "-C", str(folder), "ls-files", "--deleted"])


def _has_pointers(clips: Path, suffix: str) -> bool:
    return any(is_pointer(file) for file in clips.glob(f"*{suffix}"))


def _need(program: str, name: str) -> None:
    if shutil.which(program) is None:
        raise MissingData(
            f"{name}: must be installed on this machine, got none; install it, such as "
            f"with `apt install {program}` or `brew install {program}`, and repeat the "
            "command"
        )


def _run(words: Sequence[str]) -> None:
    """Run a program that shows its own progress on standard error.

    Raises:
        MissingData: If it fails.
    """
    ended = subprocess.run(words, check=False, env=_environment(), stdout=2)
    if ended.returncode:
        raise MissingData(
            f"{' '.join(words)}: must succeed, got exit status {ended.returncode}; see its "
            "message above, and repeat the command to resume"
        )


def _read(words: Sequence[str]) -> str:
    ended = subprocess.run(
        words, check=False, env=_environment(), capture_output=True, text=True
    )
    if ended.returncode:
        raise MissingData(
            f"{' '.join(words)}: must succeed, got {ended.stderr.strip()[:200]}"
        )
    return ended.stdout.strip()


def _environment() -> dict[str, str]:
    """Return an environment in which git has no prompt and fetches no large file."""
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
