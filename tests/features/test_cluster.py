import os
from dataclasses import replace
from functools import partial

import pytest

from wildaffect.core.errors import WildAffectError
from wildaffect.core.preprocess import Preprocess
from wildaffect.features.cluster import RayActors
from wildaffect.features.embedding import Embedder
from wildaffect.features.engine import InProcess, run_jobs
from wildaffect.features.footage import find_footage
from wildaffect.features.sets import FeatureSet
from wildaffect.features.store import FeatureStore
from wildaffect.runtime.network import Device

pytestmark = [
    pytest.mark.slow,
    # Ray's own, of files and connections that it leaves to the end of the process
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def run(plan, clips, engine, watch=lambda *_: None):
    jobs = find_footage([clips], "crops")
    outcomes = list(run_jobs(jobs, FeatureStore(plan.store), engine, watch))
    return {outcome.video: outcome for outcome in outcomes}


@pytest.fixture(scope="module")
def ray():
    """A Ray of two workers, shared by the tests of this file."""
    ray = pytest.importorskip("ray")
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


def test_actors_store_the_same_bytes_as_one_process_and_tell_of_progress(
    ray, plan, clips, tmp_path, contents
):
    run(plan, clips, InProcess(plan))
    cluster = replace(plan, store=tmp_path / "cluster")
    (clips / "d.mp4").write_bytes(b"no video at all")
    seen = set()
    found = run(cluster, clips, RayActors(cluster, 2), lambda job, *_: seen.add(job.video))
    assert [found[name].status for name in "abcd"] == ["done"] * 3 + ["failed"]
    assert "d.mp4: not a video" in found["d"].error
    assert "b" in seen
    assert contents(cluster.store) == contents(plan.store) != {}
    assert ray.is_initialized()  # it was there before


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
