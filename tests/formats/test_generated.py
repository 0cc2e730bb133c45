import json

import pytest

from wildaffect.data.annotated import read_annotated
from wildaffect.formats.generated import find_generated

HEADER = "image,valence,arousal,expression,aus"
ROW = "clip/00001.jpg,0.1,0.2,4," + ",".join("0" * 12)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "training_set_annotations.txt").write_text(f"{HEADER}\n{ROW}\n")
    return tmp_path


def tell(folder, **more):
    record = {"made_by": "wildaffect 0.1.0, generated world 2", "preset": "wild", "seed": 3}
    (folder / "provenance.json").write_text(json.dumps(record | more))


def test_annotations_of_a_generated_world_say_that_they_are_generated(folder):
    tell(folder, license="CC0-1.0")
    read = read_annotated(folder, split="train")
    assert read.annotations.source == "generated world wild, seed 3, train"
    world = find_generated(folder / "training_set_annotations.txt")
    assert world is not None
    assert world.license == "CC0-1.0"


@pytest.mark.parametrize("content", [None, "{", "[]", '{"made_by": "somebody"}'])
def test_other_folders_keep_the_name_of_their_layout(folder, content):
    if content is not None:
        (folder / "provenance.json").write_text(content)
    assert find_generated(folder) is None
    assert "generated" not in read_annotated(folder, split="train").annotations.source
