"""Checks that file names read from a file do not lead out of their folder."""


def is_inside(name: str) -> bool:
    """Return whether a relative path stays below the folder that it is relative to."""
    is_absolute = name.startswith("/") or name[1:2] == ":"
    return bool(name) and not (
        is_absolute or ".." in name.split("/") or "\\" in name or "\0" in name
    )


def check_bare_name(what: str, name: str) -> None:
    """Reject a name that is not that of a file directly inside its folder.

    Args:
        what: Description of the named thing, for the message.
        name: Name as it was read.

    Raises:
        ValueError: If it is empty, absolute, or has a folder in it.
    """
    if not is_inside(name) or "/" in name or name == ".":
        raise ValueError(f"{what} must name a file in the same folder, got {name!r}")
