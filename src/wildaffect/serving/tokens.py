"""The token of a service: given in a file or the environment, or generated."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wildaffect.core.tokens import is_loopback, read_token


@dataclass(frozen=True, slots=True)
class ChosenToken:
    """A token, if one is needed, and whether the operator has yet to learn it."""

    token: str | None = field(repr=False)
    is_generated: bool = False


def choose_token(
    file: Path | None, host: str, hostnames: Sequence[str] = ()
) -> ChosenToken:
    """Return the token of a service.

    Raises:
        UsageError: If the file cannot be read.
    """
    given = read_token(file)
    if given is not None:
        return ChosenToken(given)
    if is_loopback(host) and not hostnames:
        return ChosenToken(None)
    return ChosenToken(secrets.token_urlsafe(32), is_generated=True)


def greeting(chosen: ChosenToken, host: str, port: int) -> str:
    """Return the line that shows where the service is.

    The token stands behind `#`, a part of the address that browsers never send; the page
    exchanges it for a cookie.
    """
    place = "127.0.0.1" if host == "0.0.0.0" else "[::1]" if host == "::" else host
    place = f"[{place}]" if ":" in place and not place.startswith("[") else place
    secret = f"#token={chosen.token}" if chosen.is_generated else ""
    return f"wildaffect serves at http://{place}:{port}/{secret} (stop with Ctrl-C)"
