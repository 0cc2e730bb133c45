"""The token that lets clients of other machines in: where it is read from, its rules."""

import os
import secrets
from ipaddress import ip_address
from pathlib import Path

from wildaffect.core.errors import UsageError

TOKEN_VARIABLE = "WILDAFFECT_TOKEN"
LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain"})
SHORTEST_TOKEN = 16


def read_token(file: Path | None = None) -> str | None:
    """Return the token in a file, else that in the environment, if there is one.

    It is not taken from the command line, which every user of a machine can read.

    Raises:
        UsageError: If the file cannot be read.
    """
    if file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip() or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "bytes that are not UTF-8"
        raise UsageError(
            f"{file}: token file must be readable text, got {reason}"
        ) from error


def is_same_token(given: str, token: str) -> bool:
    """Return whether a client gave the token, in a time that tells nothing of it."""
    return secrets.compare_digest(given.encode(), token.encode())


def bearer_token(authorization: str) -> str:
    """Return the token of an `Authorization: Bearer` header; empty without one."""
    scheme, _, given = authorization.partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def is_loopback(host: str) -> bool:
    """Return whether a host to bind to is reached from this machine alone."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
