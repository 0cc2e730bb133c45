"""The client, where something is wrong."""

import pytest

from wildaffect.core.errors import UnreadableVideo, UsageError, WildAffectError
from wildaffect.serving.client import Client, ServiceRefused


def test_an_address_is_one_of_the_web():
    with pytest.raises(
        UsageError, match=r"address must begin with http://, got 'lab:8000'"
    ):
        Client("lab:8000")


def test_a_service_that_does_not_answer_is_named():
    with pytest.raises(WildAffectError, match=r"http://127\.0\.0\.1:9: no service answers"):
        Client("http://127.0.0.1:9").info()


def test_a_refusal_has_status_code_and_words(service, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("notes")
    with pytest.raises(ServiceRefused, match=r"notes\.txt: neither a video") as refused:
        service.client.analyze(text)
    assert (refused.value.status, refused.value.code) == (415, "not_media")
    with pytest.raises(ServiceRefused, match=r"no such job; it may have been deleted"):
        service.client.job("none")
    with pytest.raises(ServiceRefused, match=r"every: Input should be greater than"):
        service.client.analyze(text, every=0)


def test_the_limits_are_told(service):
    info = service.client.info()
    assert info["max_bytes"] == 3_000_000
    assert info["max_queued"] == 8
    assert info["takes_local_files"] is True


def test_the_token_is_not_shown():
    assert "secret" not in repr(Client(token="a-secret-token"))


@pytest.mark.parametrize("address", ["http://lab:port", "http://[::", "http://lab:0"])
def test_an_address_that_cannot_be_is_refused(address):
    with pytest.raises(UsageError, match=r"address must be"):
        Client(address)


def test_the_address_is_taken_as_the_service_prints_it(monkeypatch):
    monkeypatch.setenv("WILDAFFECT_TOKEN", "of-the-environment")
    printed = Client("http://127.0.0.1:8000/#token=of-the_address")
    assert printed.token == "of-the_address"
    assert "of-the_address" not in repr(printed)
    assert Client("http://lab/#token=of-the_address", token="given").token == "given"
    assert Client("http://lab").token == "of-the-environment"


def test_what_is_no_file_is_named(tmp_path):
    for path, reason in ((tmp_path / "none.mp4", "No such file"), (tmp_path, "Is a dir")):
        with pytest.raises(UnreadableVideo, match=f"{path}: must be a file .*{reason}"):
            Client().analyze(path)
