"""A client of the service, which needs nothing but the standard library.

`Client(address).analyze("clip.mp4")` uploads a file; the job that it returns has rows as
they come in, and results to download. `docs/service.md` shows it.
"""

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from wildaffect.core.errors import UnreadableVideo, UsageError, WildAffectError
from wildaffect.core.tokens import read_token

FINAL_STATES = frozenset({"done", "failed", "canceled"})
_BLOCK_BYTES = 1 << 16
_POLL_S = 0.5


class ServiceRefused(WildAffectError):
    """The service refused a request, or a job failed."""

    def __init__(self, status: int, code: str, message: str, retry_s: float | None) -> None:
        self.status, self.code, self.retry_s = status, code, retry_s
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Client:
    """Connection to a service.

    Args:
        address: As the service prints it.
        token: Secret of the service; by default that in the address behind `#token=`, else
            that in `WILDAFFECT_TOKEN`.
        timeout_s: Time without a byte after which a request fails.
    """

    address: str = "http://127.0.0.1:8000"
    token: str | None = field(default=None, repr=False)
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        address, _, fragment = self.address.partition("#")
        given = dict(parse_qsl(fragment)).get("token")
        token = self.token or given or read_token()
        object.__setattr__(self, "address", address)
        object.__setattr__(self, "token", token)
        try:
            parts = urlsplit(address)
            is_port = parts.port is None or parts.port > 0
        except ValueError:
            raise UsageError(f"address must be one of a service, got {address!r}") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or not is_port:
            raise UsageError(f"address must begin with http://, got {address!r}")

    def analyze(self, path: str | Path, **options: Any) -> "Job":
        """Upload a video or image; options are those of the service, such as `overlay`.

        Raises:
            UnreadableVideo: If it is no file that can be read.
            ServiceRefused: If the service does not take it.
            WildAffectError: If the service cannot be reached.
        """
        path = Path(path)
        query = urlencode({"name": path.name} | {k: _text(v) for k, v in options.items()})
        try:
            file = path.open("rb")
        except OSError as error:
            reason = f"must be a file that can be read, got {error.strerror}"
            raise UnreadableVideo(path, reason) from error
        with file:
            headers = {"Content-Length": str(path.stat().st_size)}
            answer = self._request("POST", f"/api/jobs?{query}", file, headers)
        return Job(self, _json(answer))

    def analyze_local(self, path: str | Path, **options: Any) -> "Job":
        """Analyze a file of the service's machine, in a folder that it allows."""
        body = json.dumps({"path": str(path), "options": options}).encode()
        headers = {"Content-Type": "application/json"}
        return Job(self, _json(self._request("POST", "/api/jobs/local", body, headers)))

    def job(self, job_id: str) -> "Job":
        """Return a job by its id."""
        return Job(self, _json(self._request("GET", f"/api/jobs/{job_id}")))

    def info(self) -> dict[str, Any]:
        """Return version and limits of the service."""
        return _json(self._request("GET", "/api/info"))

    def _request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        """Send a request; the response closes its connection when it is closed."""
        parts = urlsplit(self.address)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.netloc, timeout=self.timeout_s)
        own = {"Connection": "close"}
        if self.token:
            own["Authorization"] = f"Bearer {self.token}"
        try:
            # A body may be refused before all is sent; the response says why.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, {**own, **(headers or {})})
            answer = connection.getresponse()
        except (OSError, HTTPException) as error:
            connection.close()
            raise WildAffectError(
                f"{self.address}: no service answers there ({error or 'cut off'}); check "
                "the address, and that `wildaffect serve` runs"
            ) from error
        if answer.status >= 400:
            raise _refusal(answer)
        return answer


@dataclass(slots=True)
class Job:
    """A job of the service."""

    client: Client = field(repr=False)
    view: dict[str, Any]
    """State as of the last request; keys as in the documentation of the service."""

    @property
    def id(self) -> str:
        """Id of the job."""
        return str(self.view["id"])

    @property
    def state(self) -> str:
        """Last known state: queued, running, done, failed or canceled."""
        return str(self.view["state"])

    def refresh(self) -> "Job":
        """Read the state from the service."""
        self.view = _json(self.client._request("GET", f"/api/jobs/{self.id}"))  # noqa: SLF001
        return self

    def wait(self) -> "Job":
        """Wait for the end of the job.

        Raises:
            ServiceRefused: If the job fails or is canceled.
        """
        while self.state not in FINAL_STATES:
            time.sleep(_POLL_S)
            self.refresh()
        if self.state != "done":
            raise ServiceRefused(200, self.state, str(self.view["error"]), None)
        return self

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows as they are written, several at a time, until the job ends.

        Raises:
            ServiceRefused: If the job is deleted before all were read.
        """
        position = 0
        while True:
            headers = {"Last-Event-ID": str(position)}
            path = f"/api/jobs/{self.id}/events"
            answer = self.client._request("GET", path, headers=headers)  # noqa: SLF001
            with closing(answer):
                for name, position_read, data in _events(answer):
                    position = position_read
                    if name == "job":
                        self.view = data
                    elif name == "rows":
                        yield data
                    elif name == "end":
                        if error := data.get("error"):
                            raise ServiceRefused(404, error["code"], error["message"], None)
                        return
            self.refresh()  # fails if the service does not come back
            time.sleep(_POLL_S)

    def download(self, kind: str, path: str | Path) -> Path:
        """Write a result (csv, parquet, jsonl, events, overlay, report) to a file."""
        path = Path(path)
        answer = self.client._request(  # noqa: SLF001
            "GET", f"/api/jobs/{self.id}/files/{kind}"
        )
        with closing(answer), path.open("wb") as file:
            shutil.copyfileobj(answer, file, _BLOCK_BYTES)
        return path

    def cancel(self) -> "Job":
        """Cancel the job; its rows so far are kept."""
        path = f"/api/jobs/{self.id}/cancel"
        self.view = _json(self.client._request("POST", path))  # noqa: SLF001
        return self

    def delete(self) -> None:
        """Cancel the job and delete all its files."""
        self.client._request("DELETE", f"/api/jobs/{self.id}").close()  # noqa: SLF001


def _events(answer: HTTPResponse) -> Iterator[tuple[str, int, Any]]:
    """Yield name, id and data of each event."""
    found: dict[str, str] = {}
    try:
        for raw in answer:
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name:
                found[name] = value
            elif "data" in found:
                yield found["event"], int(found["id"]), json.loads(found["data"])
                found = {}
    except (OSError, HTTPException):
        return  # cut off, as when the service is restarted


def _json(answer: HTTPResponse) -> dict[str, Any]:
    with closing(answer):
        return json.load(answer)


def _refusal(answer: HTTPResponse) -> ServiceRefused:
    retry = answer.headers.get("Retry-After", "")
    text = answer.read().decode(errors="replace")
    answer.close()
    try:
        error = json.loads(text)["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "refused", text or f"status {answer.status}"
    retry_s = float(retry) if retry.isdecimal() else None
    return ServiceRefused(answer.status, code, message, retry_s)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
