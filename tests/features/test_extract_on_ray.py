import importlib
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from wildaffect.cli.main import main
from wildaffect.core.errors import WildAffectError
from wildaffect.engines.engine import InProcess
from wildaffect.engines.ray_actors import RayActors
from wildaffect.features.extract_all import extract_all
from wildaffect.features.extract_sources import find_extract_sources
from wildaffect.features.store import FeatureStore

pytestmark = pytest.mark.slow


def run(plan, clips, engine, on_frame=lambda *_: None):
    jobs, store = find_extract_sources([clips], "crops"), FeatureStore(plan.store)
    done = extract_all(jobs, store, engine, on_video=lambda *_: None, on_frame=on_frame)
    return {outcome.video: outcome for outcome in done.videos}


@pytest.fixture(scope="module")
def ray():
    """A Ray of two workers, shared by the tests of this file."""
    ray = importlib.import_module("ray")
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


def test_the_command_stores_the_same_bytes_by_actors_and_leaves_no_ray_behind(
    plan, clips, tmp_path, contents, capsys, monkeypatch
):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    run(plan, clips, InProcess(plan.worker))
    (clips / "d.mp4").write_bytes(b"no video at all")
    given = ["extract", str(clips), "-o", str(tmp_path / "cluster"), "--json", "--quiet"]
    assert main([*given, "--engine", "ray", "--workers", "2"]) == 1
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "d.mp4: not a video" in err
    statuses = [video["status"] for video in json.loads(out)["videos"]]
    assert statuses == ["done", "done", "done", "failed"]
    assert contents(tmp_path / "cluster") == contents(plan.store) != {}
    assert not importlib.import_module("ray").is_initialized()
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


LISTEN = "0A"
LOOPBACK = "0100007F"


def listening_ports(pids):
    """Addresses, in the kernel's hexadecimals, on which these processes listen."""
    inodes = set()
    for pid in pids:
        with suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    inodes.add(str(link.readlink()).removeprefix("socket:[").rstrip("]"))
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == LISTEN and row[9] in inodes]


def children_of(pid):
    stats = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat")]
    fields = [stat.rpartition(")") for stat in stats]
    parents = {int(head.split()[0]): int(tail.split()[1]) for head, _, tail in fields}
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


SERVE = """
import sys
from pathlib import Path
from wildaffect.engines.ray_actors import RayActors
from wildaffect.features.extract import ExtractOptions, ExtractPlan
from wildaffect.runtime.network import Device

plan = ExtractPlan(store=Path("s"), sets=(), options=ExtractOptions(device=Device()))
with RayActors(plan, 1):
    import ray

    print(ray.get_runtime_context().gcs_address, flush=True)
    sys.stdin.read()
"""

CALL = """
import sys
from ray._raylet import GcsClient

GcsClient(address=sys.argv[1]).internal_kv_keys(b"", None, timeout=5)
"""


def test_a_ray_that_is_started_here_is_reached_by_no_one_else():
    quiet = {key: value for key, value in os.environ.items() if "RAY_" not in key}
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=quiet,
        text=True,
    )
    try:
        address = server.stdout.readline().strip()
        ports = listening_ports(children_of(server.pid))
        assert len(ports) >= 4
        assert all(port.partition(":")[0].endswith(LOOPBACK) for port in ports)
        call = subprocess.run(
            [sys.executable, "-c", CALL, address],
            env=quiet | {"RAY_AUTH_MODE": "disabled"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert call.returncode != 0
        assert "auth" in call.stderr.lower()
    finally:
        server.communicate()
    assert server.returncode == 0


def test_actors_tell_of_progress_and_a_ray_that_was_there_is_kept(ray, plan, clips):
    seen = set()
    found = run(plan, clips, RayActors(plan, 2), lambda job, *_: seen.add(job.video))
    assert [found[name].status for name in "abc"] == ["done"] * 3
    assert "b" in seen
    assert ray.is_initialized()


def test_an_actor_that_is_killed_costs_its_video_alone(ray, plan, clips):
    engine = RayActors(plan, 2)

    def kill(job, *_):
        if job.video == "b":
            ray.kill(next(work.actor for work in engine._busy.values() if work.job == job))

    found = run(plan, clips, engine, kill)
    assert (found["a"].status, found["c"].status) == ("done", "done")
    assert found["b"].status == "failed"
    assert "b.mp4: worker must live until the video ends, got one that was lost" in (
        found["b"].error
    )


def test_an_actor_that_cannot_load_its_networks_stops_the_job(ray, unloadable, clips):
    with pytest.raises(WildAffectError, match="network: must load"):
        run(unloadable, clips, RayActors(unloadable, 2))
