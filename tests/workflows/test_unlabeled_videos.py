import json
import shutil
from dataclasses import replace

import pytest

from wildaffect.core.errors import FeatureError, UsageError
from wildaffect.demo.world import write_demo_world
from wildaffect.recipes.modern import modern
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.temporal.unlabeled import MeanTeacher
from wildaffect.workflows.predict import predict
from wildaffect.workflows.train import train
from wildaffect.workflows.unlabeled_videos import annotated_videos, load_unlabeled


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The demo's world, of which only ten people of the training split are annotated."""
    folder = tmp_path_factory.mktemp("unlabeled") / "world"
    write_demo_world(folder)
    shutil.move(folder / "features", folder.parent / "store")
    shutil.copytree(folder.parent / "store", folder / "features")
    for track in folder.glob("*_Challenge"):
        shutil.rmtree(track)
    path = folder / "training_set_annotations.txt"
    header, *rows = path.read_text().splitlines()
    kept = [row for row in rows if row < "t0010"]
    path.write_text("\n".join([header, *kept]) + "\n")
    return folder


def settings(**fields):
    return replace(modern(), num_epochs=1, selection=KeepLast(), batch_size=4, **fields)


def test_only_videos_that_no_split_names_are_without_labels(world):
    assert len(annotated_videos(world)) == 18
    found = load_unlabeled(world.parent / "store", world, modern(), rate_hz=10.0)
    assert [each.video for each in found] == [
        f"t{number:04d}-0" for number in range(10, 20)
    ]
    assert not any(each.targets.valence.valid.any() for each in found)


def test_dense_rows_are_subsampled_to_the_rate_of_the_labels(world):
    every = load_unlabeled(world.parent / "store", world, modern(), rate_hz=30.0)
    fewer = load_unlabeled(world.parent / "store", world, modern(), rate_hz=1.0)
    assert sum(len(each.computed_rows) for each in fewer) < 0.5 * sum(
        len(each.computed_rows) for each in every
    )


def test_a_run_records_its_videos_without_labels(world, tmp_path):
    result = train(
        settings(unlabeled=MeanTeacher()),
        world,
        output=tmp_path / "run",
        unlabeled_features=world.parent / "store",
    )
    assert len(result.trained.data.unlabeled_videos) == 10
    assert not set(result.trained.data.unlabeled_videos) & annotated_videos(world)
    assert "10 videos without labels, 400 rows" in result.notes


def test_a_recipe_and_videos_that_do_not_fit_are_refused(world, tmp_path):
    with pytest.raises(UsageError, match="unlabeled=mean-teacher needs videos without"):
        train(settings(unlabeled=MeanTeacher()), world, output=tmp_path / "one")
    with pytest.raises(UsageError, match="this recipe does not use unlabeled videos"):
        train(
            settings(),
            world,
            output=tmp_path / "two",
            unlabeled_features=world.parent / "store",
        )
    assert not list(tmp_path.iterdir())


def test_a_store_whose_videos_are_all_annotated_is_refused(tmp_path):
    write_demo_world(tmp_path)
    with pytest.raises(FeatureError, match="no video is left to train on without labels"):
        load_unlabeled(tmp_path / "features", tmp_path, modern(), rate_hz=10.0)


def test_features_of_other_weights_are_refused_beside_those_of_the_labels(world, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(world.parent / "store", store)
    for sidecar in store.rglob("*.json"):
        found = json.loads(sidecar.read_text())
        found["provenance"]["weights_sha256"] = "1" * 64
        sidecar.write_text(json.dumps(found))
    with pytest.raises(FeatureError, match="geometry must be computed as in"):
        train(
            settings(unlabeled=MeanTeacher()),
            world,
            output=tmp_path / "run",
            unlabeled_features=store,
        )
    run = tmp_path / "plain"
    train(settings(), world, output=run, score_split=None)
    with pytest.raises(FeatureError, match=r"must be computed as for .*plain, got other"):
        predict(run, tmp_path / "tables", features=store)
