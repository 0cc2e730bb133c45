"""An S3 server of this machine, and credentials for it alone."""

import importlib

import pytest

SECRET = "not-to-be-printed-0123456789"


@pytest.fixture(scope="session")
def s3_server():
    moto = importlib.import_module("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server, monkeypatch):
    """File system of a server with an empty bucket `lab`, which commands use as well."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3fs = importlib.import_module("s3fs")
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    if not files.exists("lab"):
        files.mkdir("lab")
    yield files
    files.rm("lab", recursive=True)


@pytest.fixture
def memory():
    """File system of `memory://`, empty."""
    files = importlib.import_module("fsspec").filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()
