"""Tokens, cookies and names, each on a service that does nothing else."""

import asyncio
import json

import pytest
from fastapi import FastAPI

from wildaffect.core.errors import UsageError
from wildaffect.core.tokens import is_loopback
from wildaffect.serving.app import answer_errors
from wildaffect.serving.security import Guard
from wildaffect.serving.settings import ServiceSettings
from wildaffect.serving.tokens import ChosenToken, choose_token, greeting

TOKEN = "a-token-of-thirty-two-characters"


async def hello(scope, receive, send):
    if scope["path"] == "/api/broken":
        raise RuntimeError("secret detail")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def status_of(guard: Guard, path="/api/info", method="GET", **headers: str):
    """Return the status of a request and its headers."""
    sent = []
    named = {"host": "localhost:8000"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, None, send))
    return sent[0]["status"], sent


@pytest.fixture
def guard(tmp_path):
    return Guard(hello, ServiceSettings(data=tmp_path, token=TOKEN, hostnames=("lab",)))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 401),
        ({"authorization": f"Bearer {TOKEN}"}, 200),
        ({"authorization": f"bearer {TOKEN}"}, 200),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"cookie": f"wildaffect-session={TOKEN}"}, 401),
        ({"cookie": "\xff=;;;=\x01"}, 401),
    ],
)
def test_requests_need_the_token(guard, headers, expected):
    assert status_of(guard, **headers)[0] == expected


def test_the_cookie_of_the_session_is_as_good_as_the_token(guard):
    assert status_of(guard, cookie=f"a=b; wildaffect-session={guard.session}")[0] == 200
    assert guard.session != TOKEN


def test_pages_hold_no_data_and_need_no_token(guard):
    assert status_of(guard, "/")[0] == 200
    assert status_of(guard, "/api/session", "POST")[0] == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *(("localhost", 200), ("127.0.0.1:80", 200), ("[::1]:80", 200), ("lab:80", 200)),
        *(("LAB", 200), ("10.1.2.3", 200), ("evil.example", 421), ("", 421)),
        *(("lab.evil.example", 421), ("localhost.evil.example:80", 421), ("[::", 421)),
    ],
)
def test_only_names_that_nobody_else_can_point_here_are_answered(guard, host, expected):
    assert status_of(guard, "/", host=host)[0] == expected


def test_a_link_from_another_site_may_be_followed_but_nothing_else(guard):
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert status_of(guard, "/", **visit)[0] == 200
    assert status_of(guard, "/", "POST", **visit)[0] == 403
    assert status_of(guard, "/", **visit | {"sec-fetch-mode": "no-cors"})[0] == 403


def test_every_response_forbids_what_comes_from_elsewhere(guard):
    _, sent = status_of(guard, "/")
    headers = dict(sent[0]["headers"])
    policy = headers[b"content-security-policy"].decode()
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert headers[b"x-content-type-options"] == b"nosniff"


def test_an_unexpected_error_tells_the_client_nothing_and_the_log_one_line(guard, capsys):
    status, sent = status_of(guard, "/api/broken", authorization=f"Bearer {TOKEN}")
    assert status == 500
    assert b"secret detail" not in sent[1]["body"]
    (line,) = capsys.readouterr().err.splitlines()
    assert "RuntimeError: secret detail" in line
    assert TOKEN not in line


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)],
)
def test_loopback(host, expected):
    assert is_loopback(host) is expected
    assert (choose_token(None, host).token is None) is expected


def test_a_name_for_others_needs_a_token_too(monkeypatch):
    monkeypatch.delenv("WILDAFFECT_TOKEN", raising=False)
    chosen = choose_token(None, "127.0.0.1", ("lab.example",))
    assert chosen.is_generated
    assert len(chosen.token) >= 32
    assert chosen.token not in repr(chosen)
    assert greeting(chosen, "0.0.0.0", 80).endswith(
        f"http://127.0.0.1:80/#token={chosen.token} (stop with Ctrl-C)"
    )


def test_a_given_token_is_not_printed(monkeypatch, tmp_path):
    monkeypatch.setenv("WILDAFFECT_TOKEN", TOKEN)
    assert choose_token(None, "0.0.0.0") == ChosenToken(TOKEN)
    assert TOKEN not in greeting(choose_token(None, "0.0.0.0"), "::", 80)
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}2\n")
    assert choose_token(file, "0.0.0.0").token == f"{TOKEN}2"
    with pytest.raises(UsageError, match="token file must be readable text"):
        choose_token(tmp_path / "none", "0.0.0.0")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("token", "short", "token must have at least 16 characters, got 5"),
        (
            "max_memory_mb",
            100,
            "max_memory_mb must be at least 1024, which the models need",
        ),
        ("workers", 0, "workers must be above 0, got 0"),
        ("keep_minutes", -1, "keep_minutes must be above 0, got -1"),
    ],
)
def test_settings_are_checked(tmp_path, field, value, message):
    with pytest.raises(UsageError, match=message):
        ServiceSettings(data=tmp_path, **{field: value})
    with pytest.raises(UsageError, match="allowed folder must exist"):
        ServiceSettings(data=tmp_path, allow=(tmp_path / "none",))


def test_an_error_in_a_route_has_the_form_of_all_errors(tmp_path, capsys):
    app = FastAPI()

    @app.get("/api/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    answer_errors(app)
    status, sent = status_of(Guard(app, ServiceSettings(data=tmp_path)), "/api/broken")
    assert status == 500
    assert json.loads(sent[1]["body"])["error"]["code"] == "internal"
    assert b"secret detail" not in sent[1]["body"]
    assert len(capsys.readouterr().err.splitlines()) == 1
