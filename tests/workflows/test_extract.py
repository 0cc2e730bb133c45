"""Features of faces are extracted from Python."""

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.core.errors import UsageError
from wildaffect.demo.clip import PORTRAIT
from wildaffect.features.store import FeatureStore


@pytest.fixture
def clips(tmp_path):
    """Two videos as folders of full frames; the second has no face."""
    portrait = cv2.imread(str(PORTRAIT))
    for name, image in (("a", portrait), ("b", np.zeros_like(portrait))):
        (tmp_path / "clips" / name).mkdir(parents=True)
        for number in (1, 2):
            cv2.imwrite(str(tmp_path / "clips" / name / f"{number:05d}.png"), image)
    return tmp_path / "clips"


def test_videos_are_extracted_into_a_store_once(clips, tmp_path, capsys):
    videos, frames = [], []
    options = {"feature_sets": "geometry", "images_as": "sequence"}
    result = wildaffect.extract(
        str(clips),
        str(tmp_path / "store"),
        **options,
        on_video=lambda outcome, num: videos.append((outcome.video, num)),
        on_frame=lambda source, info, done: frames.append((source.video, done)),
    )
    assert videos == [("a", 2), ("b", 2)]
    assert frames == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert [outcome.num_faces for outcome in result.videos] == [2, 0]
    assert not result.has_errors
    assert FeatureStore(tmp_path / "store").feature_sets() == ["geometry"]
    shown = repr(result)
    assert shown.startswith(f"ExtractResult({tmp_path / 'store'}: 2 videos extracted, ")
    assert "\n" not in shown
    again = wildaffect.extract([clips / "a", clips / "b"], tmp_path / "store", **options)
    assert [outcome.status for outcome in again.videos] == ["finished before"] * 2
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_a_video_that_fails_is_in_the_result(clips, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    result = wildaffect.extract(
        [tmp_path / "bad.mp4", clips / "b"], tmp_path / "store", images_as="sequence"
    )
    assert [outcome.status for outcome in result.videos] == ["failed", "done"]
    assert "bad.mp4" in result.videos[0].error
    assert result.has_errors
    assert result.num_left == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"feature_sets": ()}, "^feature_sets: must be at least one feature set, got none"),
        (
            {"images_as": "aligned"},
            "^feature_sets: must be backbones for aligned images",
        ),
        ({"num_workers": 0}, "workers"),
    ],
)
def test_wrong_input_is_named_by_its_argument(clips, tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        wildaffect.extract(clips, tmp_path / "store", **options)
    with pytest.raises(UsageError, match=r"^inputs: must be at least one video"):
        wildaffect.extract([], tmp_path / "store")
    with pytest.raises(UsageError, match=r"^s3://lab/a\.mp4: files in remote storage"):
        wildaffect.extract("s3://me:secret@lab/a.mp4", tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_parts_of_a_job_array_store_every_video_once(clips, tmp_path):
    def extract(shard):
        done = wildaffect.extract(
            clips, tmp_path / "store", images_as="sequence", shard=shard
        )
        return [(video.video, video.status) for video in done.videos]

    assert extract("1/2") == [("a", "done")]
    assert extract("2/2") == [("b", "done")]
    assert dict(extract(None)) == dict.fromkeys("ab", "finished before")
