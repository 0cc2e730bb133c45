"""A data set is generated from Python as by the command."""

import pytest

import wildaffect
from wildaffect.core.errors import UsageError
from wildaffect.features.store import FeatureStore


def test_a_data_set_is_written_and_progress_is_reported(tmp_path):
    seen = []
    made = wildaffect.generate(
        "tiny",
        str(tmp_path / "tiny"),
        num_people=1,
        size_px=32,
        voice=True,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert made.folder == tmp_path / "tiny"
    assert seen[-1] == (made.num_videos, made.num_videos)
    assert (made.folder / "training_set_annotations.txt").is_file()
    assert made.num_images > 0
    voices = list(FeatureStore(made.folder / "features").entries("voice"))
    assert len(voices) == made.num_videos


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "huge"}, "preset must be one of tiny, .* got 'huge'"),
        ({"preset": "tiny", "size_px": 8}, "must be 32 to 512 pixels, got 8"),
        ({"preset": "tiny", "num_workers": 0}, "got 0 and 0"),
        ({"preset": "scenes", "voice": True}, "scenes have no voice"),
        ({"preset": "scenes", "files": "both"}, "files='both' is not valid for scenes"),
    ],
)
def test_what_is_out_of_range_is_refused(tmp_path, given, message):
    with pytest.raises(UsageError, match=message):
        wildaffect.generate(output=tmp_path / "world", **given)
