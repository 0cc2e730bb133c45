"""Chromium, driven over the protocol of its developer tools."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
_START_S = 60.0
_ANSWER_S = 60.0


def find_browser() -> str | None:
    """Return the path of an installed browser."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One page: commands in, errors and requests of the page out."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._last = 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its answer."""
        self._last += 1
        self._socket.send(
            json.dumps({"id": self._last, "method": method, "params": params})
        )
        while True:
            message = json.loads(self._socket.recv(timeout=_ANSWER_S))
            if message.get("id") == self._last:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def run(self, code: str) -> Any:
        """Return the value of an expression in the page; promises are awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition: str, timeout_s: float = 20.0) -> None:
        """Wait until an expression is true in the page."""
        until_s = time.monotonic() + timeout_s
        while not self.run(condition):
            assert time.monotonic() < until_s, f"never true: {condition}"
            time.sleep(0.05)

    def show(
        self,
        address: str,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
    ) -> None:
        """Load a page in a window of this size."""
        self.errors.clear()
        self.requests.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def click(self, x: float, y: float) -> None:
        """Press and release the mouse at a place of the window."""
        self.drag(x, y, x, y)

    def drag(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """Move the mouse from one place to another with the button down."""
        mouse = {"button": "left", "buttons": 1, "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **mouse)
        if (x, y) != (to_x, to_y):
            self.call(
                "Input.dispatchMouseEvent", type="mouseMoved", x=to_x, y=to_y, **mouse
            )
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=to_x, y=to_y, **mouse)

    def press(self, key: str, *, text: str = "", shift: bool = False) -> None:
        """Press a key by its name in the DOM."""
        common = {"key": key, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Write a picture of the window, or of the whole page."""
        data = self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole
        )["data"]
        path.write_bytes(base64.b64decode(data))

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(str(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in {"error", "warning"}:
                self.errors.append(str(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in {"error", "warning"}:
                self.errors.append(
                    f"{params['entry']['text']} {params['entry'].get('url')}"
                )
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])


@contextmanager
def open_tab(folder: Path, more_flags: Sequence[str] = ()) -> Iterator[Tab]:
    """Start a browser with a profile in `folder`, and yield its page.

    Skips the test where no browser or no client of web sockets is installed.
    """
    connect = pytest.importorskip("websockets.sync.client").connect
    browser = find_browser()
    if browser is None:
        pytest.skip("no Chromium is installed")
    flags = (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--mute-audio",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        *more_flags,
    )
    process = subprocess.Popen(
        [browser, *flags, "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with connect(_page_address(folder, process), max_size=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _page_address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Return the address of the first page, once the browser has written its port."""
    until_s = time.monotonic() + _START_S
    while time.monotonic() < until_s:
        assert process.poll() is None, f"the browser ended with {process.returncode}"
        try:
            port = (folder / "DevToolsActivePort").read_text().split()[0]
            with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
                pages = [page for page in json.load(answer) if page["type"] == "page"]
            if pages:
                return pages[0]["webSocketDebuggerUrl"]
        except (OSError, IndexError, ValueError):
            pass
        time.sleep(0.1)
    raise AssertionError("the browser did not start")
