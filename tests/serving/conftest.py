"""A running service, in a process of its own, on a free port of this machine."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

import wildaffect
from wildaffect.serving.client import Client
from wildaffect.video.pixels import read_image
from wildaffect.video.write import VideoWriter

PORTRAIT = Path(wildaffect.__file__).parent / "demo" / "astronaut.jpg"
_END_S = 30


@dataclass
class Running:
    """A service that runs, and what it has printed on standard error."""

    process: subprocess.Popen[str]
    address: str
    token: str | None
    data: Path
    log: list[str]

    @property
    def client(self) -> Client:
        return Client(self.address, token=self.token)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout_s: float = 60,
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request as it is; return status, headers and body."""
        connection = http.client.HTTPConnection(
            urlsplit(self.address).netloc, timeout=timeout_s
        )
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # refused before its end
                connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.headers.items()), answer.read()
        finally:
            connection.close()

    def error_of(
        self, method: str, path: str, *args: Any, **kwargs: Any
    ) -> tuple[int, str]:
        """Return status and code of a refusal, whose form is checked."""
        status, headers, body = self.request(method, path, *args, **kwargs)
        assert headers["content-type"] == "application/json", body
        document = json.loads(body)
        assert document.keys() == {"error"}
        assert document["error"].keys() == {"code", "message"}
        return status, document["error"]["code"]

    def files(self) -> list[str]:
        """Return every file in the folder of the service but its lock and its mark."""
        found = [Path(top, name) for top, _, names in os.walk(self.data) for name in names]
        return sorted(
            str(path.relative_to(self.data))
            for path in found
            if path.name not in {"lock", "wildaffect-service.txt"}
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the service; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=_END_S)


@contextmanager
def running(
    data: Path, *flags: str, environment: dict[str, str] | None = None
) -> Iterator[Running]:
    """Start a service; kill it at the end, if it runs."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "wildaffect",
            "serve",
            "--port",
            "0",
            "--storage",
            data,
            *flags,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    log: list[str] = []
    reader = threading.Thread(target=lambda: log.extend(process.stderr), daemon=True)
    reader.start()
    try:
        line = process.stdout.readline()
        assert line.startswith("wildaffect serves at "), [line, *log]
        address, _, token = line.split()[3].partition("#token=")
        given = (environment or {}).get("WILDAFFECT_TOKEN")
        yield Running(process, address.rstrip("/"), token or given, data, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=_END_S)
        reader.join(timeout=_END_S)
        process.stdout.close()
        process.stderr.close()
    assert "Traceback" not in "".join(log)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of 12 frames of the demo's portrait, 256 pixels wide."""
    picture = read_image(PORTRAIT)
    small = np.ascontiguousarray(picture[::2, ::2])[:256, :256]
    path = tmp_path_factory.mktemp("clip") / "portrait.mp4"
    height, width = small.shape[:2]
    with VideoWriter(path, width=width, height=height, fps_hint=25.0) as video:
        for index in range(12):
            video.write(small, index / 25)
    return path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a service with default limits, but for those that tests reach."""
    folder = tmp_path_factory.mktemp("service")
    allowed = folder / "allowed"
    allowed.mkdir()
    (folder / "secret.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    flags = (
        "--max-mb",
        "3",
        "--max-queued",
        "8",
        "--client-timeout",
        "1.5",
        "--allow",
        str(allowed),
    )
    with running(folder / "data", *flags) as service:
        yield service
