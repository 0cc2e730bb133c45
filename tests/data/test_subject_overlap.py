import json
from pathlib import Path

import numpy as np
import pytest

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import SplitError
from wildaffect.data.subject_overlap import check_disjoint, subject_set
from wildaffect.synth.plan import annotations_of, plan_world
from wildaffect.synth.presets import PRESETS


def labels(*subjects: str) -> Annotations:
    """Return annotations of these people, one row each."""
    videos = plan_world(PRESETS["tiny"], seed=0, statistics="balanced", size_px=64)
    some = annotations_of(videos[:1], source="made up", with_repeats=False)
    num = len(subjects)
    first = np.zeros(num, np.int64)
    return Annotations(
        source="made up",
        videos=subjects,
        subjects=subjects,
        video_index=np.arange(num),
        images=tuple(f"{subject}/00001.jpg" for subject in subjects),
        frame_number=some.frame_number[first],
        lines=some.lines[first],
        **some.take_columns(first).columns(),
    )


def world(folder: Path, seed: int) -> Path:
    folder.mkdir()
    record = {"made_by": "wildaffect 0, generated world 2", "seed": seed}
    (folder / "provenance.json").write_text(json.dumps(record))
    return folder


def test_a_person_of_both_is_named():
    features = subject_set(Path("a"), "affwild2-va", [labels("3-1", "7"), labels("9")])
    clips = subject_set(Path("b"), "affwild2-mtl", [labels("7", "8")])
    with pytest.raises(SplitError, match="b: 1 subjects are also in a, such as"):
        check_disjoint([features], clips)


def test_the_same_name_in_two_families_of_sets_is_two_people():
    features = subject_set(Path("a"), "affectnet-csv", [labels("105")])
    check_disjoint([features], subject_set(Path("b"), "affwild2-mtl", [labels("105")]))


def test_generated_people_are_distinguished_by_the_seed_of_their_world(tmp_path):
    mine = subject_set(world(tmp_path / "a", 1), "affwild2-mtl", [labels("t0000-0")])
    other = subject_set(world(tmp_path / "b", 2), "affwild2-mtl", [labels("t0000-0")])
    again = subject_set(world(tmp_path / "c", 1), "affwild2-mtl", [labels("t0000-1")])
    check_disjoint([mine], other)
    with pytest.raises(SplitError, match="such as t0000"):
        check_disjoint([mine], again)
