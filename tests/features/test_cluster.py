import importlib
import json
import os
from dataclasses import replace
from functools import partial

import pytest

from wildaffect.cli.main import main
from wildaffect.core.errors import WildAffectError
from wildaffect.core.preprocess import Preprocess
from wildaffect.features.cluster import RayActors
from wildaffect.features.embedding import Embedder
from wildaffect.features.engine import InProcess, run_jobs
from wildaffect.features.footage import find_footage
from wildaffect.features.sets import FeatureSet
from wildaffect.features.store import FeatureStore
from wildaffect.runtime.network import Device

pytestmark = pytest.mark.slow


def run(plan, clips, engine, watch=lambda *_: None):
    jobs = find_footage([clips], "crops")
    outcomes = list(run_jobs(jobs, FeatureStore(plan.store), engine, watch))
    return {outcome.video: outcome for outcome in outcomes}


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
    run(plan, clips, InProcess(plan))
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


def test_an_actor_that_cannot_load_its_networks_stops_the_job(ray, plan, clips):
    preprocess = Preprocess(size_px=8, mean=(0.5,), std=(0.5,), channels="grey")
    unloadable = FeatureSet(
        name="x",
        columns=("a",),
        start=partial(Embedder, b"no network", preprocess, Device()),
        weights_sha256="w",
    )
    with pytest.raises(WildAffectError, match="network: must load"):
        run(plan, clips, RayActors(replace(plan, sets=(unloadable,)), 2))
