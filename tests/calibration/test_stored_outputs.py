import dataclasses
import json

import numpy as np
import pytest

from wildaffect.calibration.ensembling import average
from wildaffect.calibration.stored_outputs import StoredOutputs, load_outputs, save_outputs
from wildaffect.core.errors import BadOutputs, OutputError
from wildaffect.core.tasks import ABAW_TASKS, LabelSpace, LabelSpaces


@pytest.fixture
def stored(noisy_model):
    base = noisy_model(num_videos=3, num_rows=20)[0]
    other = noisy_model(seed=1, num_videos=3, num_rows=20)[0]
    outputs = average(
        [
            base,
            [
                dataclasses.replace(o, time_s=b.time_s)
                for o, b in zip(other, base, strict=True)
            ],
        ]
    )
    return StoredOutputs(outputs=outputs, provenance={"run": "toy", "seeds": [1, 2]})


def test_what_is_saved_is_loaded_again_to_the_last_bit(stored, tmp_path):
    path = tmp_path / "a.npz"
    save_outputs(stored, path)
    again = load_outputs(path)
    assert again.provenance == stored.provenance
    assert again.spaces == stored.spaces
    assert [output.video for output in again.outputs] == ["video0", "video1", "video2"]
    for mine, other in zip(stored.outputs, again.outputs, strict=True):
        np.testing.assert_array_equal(mine.frame_number, other.frame_number)
        np.testing.assert_array_equal(mine.time_s, other.time_s)
        for kind in ("probs", "spread"):
            for task in ABAW_TASKS:
                one, two = getattr(mine, kind)[task], getattr(other, kind)[task]
                np.testing.assert_array_equal(one, two)
                assert one.dtype == two.dtype
    assert [item.name for item in tmp_path.iterdir()] == ["a.npz"]


def test_a_video_without_rows_and_own_label_spaces_survive(stored, tmp_path):
    own = LabelSpace(name="own", labels=tuple("abcdefgh"))
    first = stored.outputs[0]
    empty = dataclasses.replace(
        first,
        video="empty",
        frame_number=first.frame_number[:0],
        time_s=first.time_s[:0],
        probs={task: values[:0] for task, values in first.probs.items()},
        spread={task: values[:0] for task, values in first.spread.items()},
    )
    kept = dataclasses.replace(
        stored, outputs=(empty, first), spaces=LabelSpaces(expressions=own)
    )
    save_outputs(kept, tmp_path / "a.npz")
    again = load_outputs(tmp_path / "a.npz")
    assert [len(output) for output in again.outputs] == [0, 20]
    assert again.spaces.expressions == own


@pytest.mark.parametrize("at", [0.01, 0.5, 0.95])
def test_a_file_cut_short_is_refused(stored, tmp_path, at):
    path = tmp_path / "a.npz"
    save_outputs(stored, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(at * len(data))])
    with pytest.raises(BadOutputs, match=r"a\.npz: must be a whole file of outputs"):
        load_outputs(path)


def test_a_file_with_spoilt_bytes_is_refused(stored, tmp_path):
    path = tmp_path / "a.npz"
    save_outputs(stored, path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 8] = bytes(8)
    path.write_bytes(data)
    with pytest.raises(BadOutputs, match="must be a whole file of outputs"):
        load_outputs(path)


def rewrite(path, **changes):
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes())
    header |= changes.pop("header", {})
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, **(arrays | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"header": {"format_version": 9}}, "format_version must be 1, got 9"),
        ({"header": {"color": 1}}, "header must be whole"),
        (
            {"header": {"videos": {"video0": 20, "video1": 39}}},
            "arrays do not match the header",
        ),
        ({"header": {"probs": ["valence"], "spread": ["pain"]}}, "header must be whole"),
        ({"time_s": np.zeros(60)}, "row 1 must be later than row 0"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(stored, tmp_path, changes, message):
    path = tmp_path / "a.npz"
    save_outputs(stored, path)
    rewrite(path, **changes)
    with pytest.raises(BadOutputs, match=message):
        load_outputs(path)


def test_what_is_no_file_of_outputs_is_named(tmp_path):
    with pytest.raises(BadOutputs, match=r"no such file: .*no\.npz"):
        load_outputs(tmp_path / "no.npz")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    with pytest.raises(BadOutputs, match="must hold the array header, got weights"):
        load_outputs(tmp_path / "other.npz")


def test_what_cannot_be_stored_is_named(stored, tmp_path):
    path = tmp_path / "a.npz"
    first = stored.outputs[0]
    with pytest.raises(BadOutputs, match="at least one video, got none"):
        save_outputs(dataclasses.replace(stored, outputs=()), path)
    with pytest.raises(BadOutputs, match="videos must be distinct, got 1 names for 2"):
        save_outputs(dataclasses.replace(stored, outputs=(first, first)), path)
    bare = dataclasses.replace(stored.outputs[1], spread={})
    with pytest.raises(BadOutputs, match="video1: tasks must be those of video0"):
        save_outputs(dataclasses.replace(stored, outputs=(first, bare)), path)
    two = LabelSpaces(expressions=LabelSpace(name="two", labels=("a", "b")))
    with pytest.raises(BadOutputs, match="one column for each of 2 labels of two, got 8"):
        save_outputs(dataclasses.replace(stored, spaces=two), path)
    with pytest.raises(OutputError, match="must be writable, got No such file"):
        save_outputs(stored, tmp_path / "no" / "a.npz")
    assert list(tmp_path.iterdir()) == []
