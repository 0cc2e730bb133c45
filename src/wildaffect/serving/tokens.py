"""The token of a service: given in a file or the environment, or generated."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.serving.settings import is_loopback

VARIABLE = "WILDAFFECT_TOKEN"


@dataclass(frozen=True, slots=True)
class ChosenToken:
    """A token, if one is needed, and whether the operator has yet to learn it."""

    token: str | None = field(repr=False)
    is_generated: bool = False


def choose_token(
    file: Path | None, host: str, hostnames: Sequence[str] = ()
) -> ChosenToken:
    """Return the token of a service.

    It is not taken from the command line, which every user of a machine can read.

    Raises:
        UsageError: If the file cannot be read.
    """
    if file is not None:
        try:
            return ChosenToken(file.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: token file must be readable text") from error
    if given := os.environ.get(VARIABLE, "").strip():
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
