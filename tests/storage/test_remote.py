import importlib
import sys
from pathlib import Path

import pytest

import wildaffect
from wildaffect.core.errors import MissingExtra, UsageError
from wildaffect.storage.addresses import is_remote, join, name_of, without_credentials
from wildaffect.storage.remote import (
    RemoteError,
    download,
    find,
    look_up,
    read_json,
    remove,
    upload,
)

FOLDERS = ["memory://lab", "s3://lab"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("s3://bucket/a.mp4", True),
        ("memory://a.mp4", True),
        ("hf://datasets/a/b/c.mp4", True),
        ("sftp://me@host/a.mp4", True),
        ("simplecache::https://host/a.mp4", True),
        ("https://host/a.mp4", False),
        ("rtsp://camera/1", False),
        ("udp://@239.0.0.1:1234", False),
        ("C:/videos/a.mp4", False),
        ("videos/a.mp4", False),
        ("a:b.mp4", False),
        (Path("s3://bucket/a.mp4"), False),
        (0, False),
    ],
)
def test_addresses_of_files_are_told_from_streams_and_paths(given, expected):
    assert is_remote(given) is expected


def test_an_address_is_named_without_what_is_secret():
    address = "simplecache::https://me:word@host/a/b.mp4?X-Amz-Signature=0a1b"
    assert without_credentials(address) == "simplecache::https://host/a/b.mp4"
    assert name_of(address) == Path("/https/host/a/b.mp4")
    assert name_of("s3://bucket/S01/a.mp4") == Path("/s3/bucket/S01/a.mp4")
    assert join("s3://bucket/", "a", "b.csv") == "s3://bucket/a/b.csv"


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_come_back_as_they_went(folder, tmp_path, s3, memory):
    (tmp_path / "a").write_bytes(b"first")
    upload(tmp_path / "a", f"{folder}/S01/a.bin")
    before = look_up(f"{folder}/S01/a.bin")
    assert before.size == 5
    (tmp_path / "a").write_bytes(b"other")
    upload(tmp_path / "a", f"{folder}/S01/a.bin")
    assert look_up(f"{folder}/S01/a.bin").version != before.version
    download(f"{folder}/S01/a.bin", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"other"
    assert find(folder) == find(f"{folder}/") == [f"{folder}/S01/a.bin"]
    assert find(f"{folder}/S01/a.bin") == [f"{folder}/S01/a.bin"]
    assert read_json(f"{folder}/S01/a.bin") is None
    remove(f"{folder}/S01/a.bin")
    remove(f"{folder}/S01/a.bin")
    assert read_json(f"{folder}/S01/a.bin") is None
    with pytest.raises(RemoteError, match=r"S01/a\.bin: no such file, folder or bucket"):
        look_up(f"{folder}/S01/a.bin")


def test_what_cannot_be_reached_is_told_in_one_line(s3, s3_server, monkeypatch, tmp_path):
    with pytest.raises(
        RemoteError, match=r"^s3://nowhere: no such file, folder or bucket$"
    ):
        find("s3://nowhere")
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(RemoteError, match=r"^s3://nowhere/a: no such .*bucket$"):
        upload(tmp_path / "a", "s3://nowhere/a")
    with pytest.raises(
        RemoteError, match=r"^gs://b/a: needs gcsfs; run: pip install gcsfs$"
    ):
        find("gs://b/a")
    with pytest.raises(UsageError, match=r"^nope://a: unknown protocol"):
        find("nope://a")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtra, match=r"pip install 'wildaffect\[remote\]'"):
        find("s3://lab")


def test_refused_credentials_are_named_and_not_printed(s3):
    moto = importlib.import_module("moto.core")

    @moto.set_initial_no_auth_action_count(0)  # the server has no user of this name
    def look():
        with pytest.raises(RemoteError) as caught:
            look_up("s3://lab/a.mp4")
        return str(caught.value)

    assert look() == "s3://lab/a.mp4: access refused; check the credentials"


def test_missing_credentials_are_named(s3, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nowhere")
    type(s3).clear_instance_cache()
    with pytest.raises(RemoteError, match=r"^s3://lab/a.mp4: .*credentials"):
        look_up("s3://lab/a.mp4")


def test_what_reads_no_remote_files_says_so():
    with pytest.raises(UsageError, match=r"^s3://lab/a\.mp4: files in remote storage are"):
        wildaffect.analyze("s3://me:word@lab/a.mp4")
