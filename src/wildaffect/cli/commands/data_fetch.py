"""Fetch an open data set with git and git-lfs of this machine; resumable.

The terms of the data are printed first, and must be accepted. git-lfs keeps a copy of every
clip, so that twice their size is needed on the disk.

Example:
    wildaffect data fetch crema-d data/crema-d --accept-license
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `data fetch`."""

    name: Annotated[str, Positional("DATASET")]
    """Data set to fetch: crema-d."""
    folder: Annotated[Path, Positional("FOLDER")]
    """New or empty folder, or one with an unfinished run of the same command."""
    accept_license: bool = False
    """Accept the terms of the data; without it, they are printed and nothing is fetched."""
    url: str | None = None
    """Another place of the same repository, such as a mirror."""
    json: bool = False
    """Print the counts as JSON on standard output."""


def run(command: Command) -> int:
    """Fetch, and count what has come."""
    from dataclasses import asdict

    from wildaffect.core.console import Console
    from wildaffect.workflows.fetch_data import fetch_data

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    found = fetch_data(
        command.name,
        command.folder,
        accept_license=command.accept_license,
        url=command.url,
        on_stage=lambda stage: console.print(stage, markup=False),
    )
    if command.json:
        print(json.dumps(asdict(found), default=str))
        return 0
    missing = f", {len(found.missing)} missing: {', '.join(found.missing[:3])}"
    print(
        f"{found.folder}: {found.num_clips:,} clips, {found.num_bytes / 1e9:.1f} GB"
        f"{missing if found.missing else ''}; next: wildaffect data check {found.folder}"
    )
    return 0
