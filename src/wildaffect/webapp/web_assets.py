"""Files of the web pages that ship with the package."""

from importlib.resources import files
from importlib.resources.abc import Traversable

OVERLAY = ("overlay.js", "placement.js")
"""ES modules that draw faces over a video; served side by side, the first is the entry."""


def assets() -> Traversable:
    """Return the folder of the web pages' files."""
    return files("wildaffect.webapp").joinpath("assets")


def asset(name: str) -> Traversable:
    """Return a file of the web pages by its name, to be read or copied.

    Raises:
        FileNotFoundError: If there is none.
    """
    found = assets().joinpath(name)
    if not found.is_file():
        raise FileNotFoundError(f"no such web asset: {name}")
    return found
