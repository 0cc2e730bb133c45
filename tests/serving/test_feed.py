"""Events of a job that is deleted while it is followed."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tests.serving.test_storage import new_job

from wildaffect.serving.client import Client, Job, ServiceRefused
from wildaffect.serving.feed import job_events
from wildaffect.serving.scheduler import Scheduler
from wildaffect.serving.settings import ServiceSettings
from wildaffect.serving.store import JobStore


def test_a_client_that_follows_a_deleted_job_is_told(tmp_path):
    store = JobStore(tmp_path)
    record = new_job(store)
    scheduler = Scheduler(store, ServiceSettings(data=tmp_path))

    async def follow() -> bytes:
        found = b""
        async for part in job_events(record.id, scheduler, 7, with_rows=True):
            found += part
            if b"event: job" in part:
                store.remove(record.id)
        return found

    events = asyncio.run(follow())
    store.close()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(events)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        job = Job(Client(f"http://127.0.0.1:{server.server_port}"), {"id": record.id})
        with pytest.raises(ServiceRefused, match="no such job; it may have been deleted"):
            list(job.rows())
        thread.join()
    assert job.state == "queued"
