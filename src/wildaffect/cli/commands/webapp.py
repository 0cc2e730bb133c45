"""Write a web app that analyzes videos in the browser alone: a folder for any web server.

Example: wildaffect webapp -o site
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `webapp`."""

    output: Path = Path("wildaffect-webapp")
    """Folder to write; created if missing."""
    model: str = "default"
    """Name of a model that `wildaffect models list` prints, or folder or zip of one, that
    needs no later frames."""


def run(command: Command) -> int:
    """Write the folder and print how to serve it."""
    from wildaffect.core.printable import printable
    from wildaffect.webapp.site import write_webapp

    site = write_webapp(command.output, model=command.model)
    folder = printable(str(site.folder))
    print(f"wrote {folder}: {site.num_files} files, {site.size_bytes / 1e6:.1f} MB")
    print(f"serve it: python -m http.server --bind 127.0.0.1 --directory {folder}")
    print("then open http://127.0.0.1:8000/ (a camera needs localhost or https)")
    return 0
