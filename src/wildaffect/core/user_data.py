"""Folders of the user on this platform, for weights and models that are kept."""

import os
import sys
from pathlib import Path


def user_data_folder(kind: str) -> Path:
    """Return the user's folder of one kind of data, such as `weights`."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "wildaffect" / kind
