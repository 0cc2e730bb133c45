"""Clips under names of CREMA-D, and scores by groups of people; all made up."""

import json
from pathlib import Path

import av
import cv2
import pytest
import real_faces
from real_faces_groups import MIN_PEOPLE, group_json, group_rows, group_scores
from real_faces_scores import Prediction
from real_faces_sets import ImageSet, LabeledImage, groups_of, read_set
from tests.support.crema_d import write_crema_d

import wildaffect.demo
from wildaffect.formats.acted import Actor

PORTRAIT = Path(wildaffect.demo.__file__).with_name("astronaut.jpg")


def people(num: int, group: str, *, right: int) -> list[tuple[LabeledImage, Prediction]]:
    """Return one image of each person, of whom some are predicted right."""
    return [
        (
            LabeledImage(
                path=Path(f"{group}{i}.png"),
                person=f"{group}{i}",
                expression="Happiness",
                groups={"sex": group},
            ),
            Prediction(
                num_faces=1,
                is_scored=True,
                expression="Happiness" if i < right else "Anger",
                confidence=0.9,
            ),
        )
        for i in range(num)
    ]


def scores_of(*groups: list[tuple[LabeledImage, Prediction]]):
    pairs = [pair for group in groups for pair in group]
    images = ImageSet(name="made up", images=tuple(image for image, _ in pairs))
    return group_scores(images, [found for _, found in pairs], num_resamples=200)


def test_each_group_has_its_score_with_an_interval_over_its_own_people():
    men, women = scores_of(people(20, "women", right=16), people(10, "men", right=5))
    assert (men.value, men.num_people, women.num_people) == ("men", 10, 20)
    assert float(women.score.value) == pytest.approx(0.8)
    assert float(men.score.value) == pytest.approx(0.5)
    # Share of right people: 1.96 sqrt(p q / n) is 0.175 and 0.31.
    assert 0.6 < float(women.score.low) < 0.7
    assert 0.1 < float(men.score.low) < 0.25


def test_a_group_of_few_people_has_no_score():
    few, enough = scores_of(
        people(MIN_PEOPLE - 1, "men", right=3), people(MIN_PEOPLE, "women", right=4)
    )
    assert few.score is None
    assert enough.score is not None
    assert group_rows([few])[0][-1] == f"fewer than {MIN_PEOPLE} people"
    assert group_json(few)["balanced accuracy"] is None
    assert group_json(enough)["balanced accuracy"][0] == pytest.approx(0.5)


def test_groups_of_an_actor_are_those_that_are_known():
    known = Actor(name="1", sex="female", age=45, ancestry="Asian")
    assert groups_of(known) == {"sex": "women", "age": "45 and above", "ancestry": "Asian"}
    assert groups_of(Actor(name="2", sex="male", age=29)) == {
        "sex": "men",
        "age": "under 30",
    }


@pytest.fixture
def crema_d(tmp_path: Path) -> Path:
    """Six actors; the portrait as the clip of each of the two who are not in train."""
    write_crema_d(tmp_path, [(actor, "H") for actor in range(6)])
    (tmp_path / "VideoFlash").mkdir()
    rgb = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    for actor in range(6):
        path = tmp_path / "VideoFlash" / f"{1001 + actor}_IEO_HAP_XX.flv"
        with av.open(str(path), "w", format="flv") as out:
            stream = out.add_stream("flv", rate=30)
            stream.height, stream.width = rgb.shape[:2]
            stream.pix_fmt = "yuv420p"
            for _ in range(2):
                frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
                out.mux(stream.encode(frame.reformat(format="yuv420p")))
            out.mux(stream.encode(None))
    return tmp_path


def test_clips_of_unseen_actors_are_analyzed_and_listed_by_group(crema_d, tmp_path, capsys):
    found = read_set(crema_d)
    assert found.is_clips
    assert len(found.images) == 2
    assert all(set(image.groups) >= {"sex", "age"} for image in found.images)
    document = tmp_path / "all.json"
    words = [str(crema_d), "--model", "baseline-rules", "--resamples", "20"]
    assert real_faces.main([*words, "--json", str(document)]) == 0
    printed = capsys.readouterr().out
    assert "## CREMA-D, val and test: 2 clips of 2 people" in printed
    assert f"| fewer than {MIN_PEOPLE} people |" in printed
    (system,) = json.loads(document.read_text())["sets"][0]["systems"]
    assert system["scores"]["scored"][0] == 1
    assert {group["kind"] for group in system["groups"]} >= {"sex", "age"}
