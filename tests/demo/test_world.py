import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wildaffect.core.errors import OutputError
from wildaffect.data.annotated import read_annotated
from wildaffect.demo.world import WORLD_FILE, pack_world, write_demo_world
from wildaffect.features.store import EntryName, FeatureStore

SCRIPT = Path(__file__).parents[2] / "scripts/make_demo_world.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "world"
    write_demo_world(folder)
    return folder


def test_every_annotated_video_has_features(world):
    store = FeatureStore(world / "features")
    people = {}
    for split, expected in (("train", 20), ("val", 8)):
        found = read_annotated(world, layout="affwild2-mtl", split=split).annotations
        people[split] = set(found.subjects)
        assert len(found.videos) == expected
        assert all(len(store.tracks("geometry", video)) == 1 for video in found.videos)
    assert not people["train"] & people["val"]


def test_a_world_that_is_there_is_completed_and_other_files_are_refused(tmp_path):
    write_demo_world(tmp_path)
    lost = tmp_path / "training_set_annotations.txt"
    content = lost.read_bytes()
    lost.unlink()
    write_demo_world(tmp_path)
    assert lost.read_bytes() == content
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match=r"got mine\.txt; choose another folder"):
        write_demo_world(tmp_path)


def test_the_archive_is_what_its_files_pack_to(world, tmp_path):
    pack_world(world, tmp_path / "again.tar.xz")
    assert (tmp_path / "again.tar.xz").read_bytes() == WORLD_FILE.read_bytes()


@pytest.mark.slow
def test_the_script_makes_the_first_person_of_the_archive_again(world, tmp_path):
    pytest.importorskip("numba", reason="generating needs the extra `world`")
    spec = importlib.util.spec_from_file_location("make_demo_world", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    few = replace(script.DEMO_WORLD, people={"train": 1, "val": 0, "test": 0})
    script.generate_demo_world(tmp_path / "made", few)
    made, kept = (
        FeatureStore(folder / "features").open(EntryName("geometry", "t0000-0", "0"))
        for folder in (tmp_path / "made", world)
    )
    np.testing.assert_array_equal(made.frame_number, kept.frame_number)
    # Networks round differently from processor to processor, float16 then by one unit.
    np.testing.assert_allclose(made.read(), kept.read(), rtol=0.01, atol=0.01)
