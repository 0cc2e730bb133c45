import h5py
import numpy as np
import pytest
from pyarrow import csv, parquet

from wildaffect.core.errors import FeatureError
from wildaffect.features.importing import import_features
from wildaffect.features.store import EntryName, FeatureStore


def write_h5(path, videos):
    """The layout that AIM3-RUC/ABAW4 reads: <video>/feature, one row per label row."""
    with h5py.File(path, "w") as file:
        for video, values in videos.items():
            file.create_group(video)["feature"] = values
    return path


def rows(numbers):
    return np.array(numbers, dtype=np.float32)[:, None] * [1.0, 10.0]


def entry(video, feature_set="mae"):
    return EntryName(feature_set, video, "0")


def test_rows_of_hdf5_get_the_frame_numbers_of_the_annotations_once_each(tmp_path):
    path = write_h5(tmp_path / "mae.h5", {"video1": rows([4, 9, 9, 12])})
    store = FeatureStore(tmp_path / "store")
    numbers = {"video1": np.array([4, 9, 9, 12])}
    imported = import_features(path, store, feature_set="mae", numbers=numbers)
    assert (imported.num_videos, imported.num_rows, imported.num_repeats) == (1, 3, 1)
    stored = store.open(entry("video1"))
    assert stored.frame_number.tolist() == [4, 9, 12]
    np.testing.assert_array_equal(stored.read(), rows([4, 9, 12]))
    assert stored.sidecar.numbering == "named"
    assert stored.sidecar.time_is_guessed


def test_a_file_made_without_the_repeats_of_the_list_is_taken_too(tmp_path):
    path = write_h5(tmp_path / "mae.h5", {"video1": rows([4, 9, 12])})
    store = FeatureStore(tmp_path / "store")
    numbers = {"video1": np.array([4, 9, 9, 12])}
    import_features(path, store, feature_set="mae", numbers=numbers)
    assert store.open(entry("video1")).frame_number.tolist() == [4, 9, 12]


def test_npz_brings_its_own_numbers_and_times(tmp_path):
    arrays = {
        "a_left/feature": rows([2, 5]),
        "a_left/frame_number": np.array([2, 5]),
        "a_left/time_s": np.array([0.08, 0.2]),
        "b/feature": rows([1, 2, 3]),
    }
    np.savez(tmp_path / "x.npz", **arrays)
    store = FeatureStore(tmp_path / "store")
    assert import_features(tmp_path / "x.npz", store, feature_set="mae").num_videos == 2
    left = store.open(entry("a_left"))
    assert left.frame_number.tolist() == [2, 5]
    assert left.time_s.tolist() == [0.08, 0.2]
    assert not left.sidecar.time_is_guessed
    assert store.open(entry("b")).frame_number.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("videos", "numbers", "message"),
    [
        (
            {"v": rows([1, 2])},
            {"v": np.array([1])},
            r"one row per feature row \(2\), got 1",
        ),
        ({"v": rows([1])}, {"w": np.array([1])}, "v must be a video of the annotations"),
        ({"v": rows([1, 2])}, {"v": np.array([3, 3])}, "other values in row 1 for frame 3"),
        ({"v": np.zeros(3)}, None, r"v/feature must be numbers of shape \(L, D\)"),
        ({"v": rows([np.nan])}, None, "values must be finite, got nan in frame 1"),
        ({}, None, "must hold features of a video, got none"),
    ],
)
def test_features_that_do_not_fit_are_refused(tmp_path, videos, numbers, message):
    path = write_h5(tmp_path / "mae.h5", videos)
    with pytest.raises(FeatureError, match=message):
        import_features(path, FeatureStore(tmp_path), feature_set="mae", numbers=numbers)


def test_files_of_another_kind_layout_or_damaged_are_refused(tmp_path):
    store = FeatureStore(tmp_path / "store")
    for name, content, message in [
        ("a.txt", b"1", r"must exist and end in \.h5"),
        ("a.csv", b"a,b\n1,2", "columns must be video, frame or time_s"),
        ("b.csv", b"video,time_s,x\na,0,1\na,1", "must be CSV with a header"),
        ("c.csv", b"video,time_s,x\na,0,loud", "column x must hold numbers, got string"),
        ("d.csv", b"video,time_s,x\na,0,1\na,1,", "column x must have no empty cell"),
        ("a.parquet", b"1", "must be whole Parquet"),
        ("a.h5", b"1", "must be whole HDF5"),
        ("a.npz", b"PK1", "must be whole npz"),
        ("b.npz", b"1", "must be whole npz"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FeatureError, match=message):
            import_features(tmp_path / name, store, feature_set="mae")
    with h5py.File(tmp_path / "flat.h5", "w") as file:
        file["v"] = np.zeros(3)
    with pytest.raises(FeatureError, match="v/feature must exist, got none"):
        import_features(tmp_path / "flat.h5", store, feature_set="mae")
    np.savez(tmp_path / "t.npz", **{"v/feature": rows([1]), "v/time_s": np.zeros(2)})
    with pytest.raises(FeatureError, match=r"v/time_s must have shape \(1,\), got float64"):
        import_features(tmp_path / "t.npz", store, feature_set="mae")


def test_an_hdf5_file_that_points_into_other_files_is_refused(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["v/feature"] = np.zeros((3, 2), np.float32)
    raw = tmp_path / "raw.bin"
    raw.write_bytes(bytes(24))
    layout = h5py.VirtualLayout((3, 2), np.float32)
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "v/feature", (3, 2))
    made = {
        "group": lambda f: f.update({"v": h5py.ExternalLink("other.h5", "/v")}),
        "array": lambda f: f.create_group("v").update(
            {"feature": h5py.ExternalLink("other.h5", "/v/feature")}
        ),
        "raw": lambda f: f.create_dataset(
            "v/feature", (3, 2), np.float32, external=[(str(raw), 0, 24)]
        ),
        "virtual": lambda f: f.create_virtual_dataset("v/feature", layout),
    }
    for name, make in made.items():
        path = tmp_path / f"{name}.h5"
        with h5py.File(path, "w") as file:
            make(file)
        with pytest.raises(FeatureError, match=r"in the file itself|must exist, got none"):
            import_features(path, FeatureStore(tmp_path / "store"), feature_set="s")


def test_an_hdf5_file_of_bytes_that_claims_terabytes_is_refused(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_dataset("v/feature", (1 << 20, 1 << 20), np.float32, chunks=(64, 64))
    with pytest.raises(FeatureError, match=r"must fit a file of [0-9,]+ bytes, got 4,398,"):
        import_features(tmp_path / "f.h5", FeatureStore(tmp_path / "s"), feature_set="s")


def test_moments_of_a_table_keep_their_times_and_the_names_of_columns(tmp_path):
    text = "video,time_s,pitch,loud\na,0.5,1,2\nb,0.25,3,4\na,1.5,5,6\n"
    (tmp_path / "voice.csv").write_text(text)
    parquet.write_table(csv.read_csv(tmp_path / "voice.csv"), tmp_path / "voice.parquet")
    for kind in ("csv", "parquet"):
        store = FeatureStore(tmp_path / kind)
        path = tmp_path / f"voice.{kind}"
        made = import_features(path, store, feature_set="voice", rows="moments")
        assert (made.num_videos, made.num_rows, made.num_repeats) == (2, 3, 0)
        stored = store.open(entry("a", "voice"))
        assert stored.sidecar.columns == ("pitch", "loud")
        assert stored.sidecar.numbering == "moments"
        assert stored.time_s.tolist() == [0.5, 1.5]
        np.testing.assert_array_equal(stored.read(), [[1, 2], [5, 6]])


def test_a_video_named_by_digits_keeps_its_zeros(tmp_path):
    (tmp_path / "voice.csv").write_text("video,time_s,pitch\n0012,0.5,1\n0012,1.5,2\n")
    store = FeatureStore(tmp_path / "store")
    import_features(tmp_path / "voice.csv", store, feature_set="voice", rows="moments")
    assert [found.video for found in store.entries("voice")] == ["0012"]


def test_one_row_per_video_is_a_clip(tmp_path):
    np.savez(tmp_path / "t.npz", **{"v/feature": rows([4])})
    store = FeatureStore(tmp_path / "store")
    import_features(tmp_path / "t.npz", store, feature_set="text", rows="clip")
    assert store.open(entry("v", "text")).sidecar.numbering == "clip"
    np.savez(tmp_path / "t.npz", **{"v/feature": rows([4, 5])})
    with pytest.raises(FeatureError, match="v/feature must have one row for the whole"):
        import_features(tmp_path / "t.npz", store, feature_set="text", rows="clip")


@pytest.mark.parametrize(
    ("times_s", "message"),
    [
        (None, "v/time_s must exist for rows that are moments, in seconds"),
        ([0.0, 2.0, 1.0], "v/time_s must ascend, in seconds, got 1 in row 2 after 2; sort"),
        ([0.0, np.nan, 1.0], "v/time_s must ascend, in seconds, got nan in row 1 after 0"),
        ([0.0, 1.0, 1.0], "each moment once, got 1 in rows 1 and 2"),
        ([0.0, 1.0], r"v/time_s must have shape \(3,\), got float64 of shape \(2,\)"),
    ],
)
def test_moments_without_times_or_with_times_that_go_back_are_refused(
    tmp_path, times_s, message
):
    arrays = {"v/feature": rows([1, 2, 3])}
    if times_s is not None:
        arrays["v/time_s"] = np.array(times_s)
    np.savez(tmp_path / "voice.npz", **arrays)
    store = FeatureStore(tmp_path / "store")
    with pytest.raises(FeatureError, match=rf"voice\.npz: .*{message}"):
        import_features(tmp_path / "voice.npz", store, feature_set="v", rows="moments")


def test_frame_numbers_are_whole_numbers_or_refused(tmp_path):
    store = FeatureStore(tmp_path / "store")
    for numbers, got in [([1.0, 2.7], "2.7 in row 1"), (["a", "b"], "a in row 0")]:
        arrays = {"v/feature": rows([1, 2]), "v/frame_number": np.array(numbers)}
        np.savez(tmp_path / "x.npz", **arrays)
        with pytest.raises(FeatureError, match=f"must be whole numbers, got {got}"):
            import_features(tmp_path / "x.npz", store, feature_set="mae")


def test_frames_with_times_alone_are_not_numbered_by_guessing(tmp_path):
    arrays = {"v/feature": rows([1, 2]), "v/time_s": np.array([0.04, 0.08])}
    np.savez(tmp_path / "x.npz", **arrays)
    (tmp_path / "x.csv").write_text("video,x\nv,1\nv,2\n")
    for name in ("x.npz", "x.csv"):
        with pytest.raises(FeatureError, match="v must have frame numbers where rows are"):
            import_features(tmp_path / name, FeatureStore(tmp_path), feature_set="mae")


def test_columns_are_the_same_in_every_video_of_a_file(tmp_path):
    arrays = {"a/feature": rows([1, 2]), "b/feature": rows([1, 2])[:, :1]}
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(
        FeatureError, match="b/feature must have the 2 columns of the videos"
    ):
        import_features(tmp_path / "x.npz", FeatureStore(tmp_path), feature_set="mae")
    (tmp_path / "x.csv").write_text("video,frame,x,x\nv,1,2,3\n")
    with pytest.raises(FeatureError, match="must have another name, got x twice"):
        import_features(tmp_path / "x.csv", FeatureStore(tmp_path), feature_set="mae")


def test_numbers_beyond_32_bits_are_refused_without_a_warning(tmp_path):
    np.savez(tmp_path / "x.npz", **{"v/feature": np.full((1, 2), 1e300)})
    with pytest.raises(FeatureError, match=r"v/feature must be below 3\.4e\+38"):
        import_features(tmp_path / "x.npz", FeatureStore(tmp_path), feature_set="mae")


def test_half_precision_is_imported_without_a_warning(tmp_path):
    values = np.array([[1.5, -65504.0]], np.float16)
    np.savez(tmp_path / "x.npz", **{"v/feature": values})
    store = FeatureStore(tmp_path / "store")
    import_features(tmp_path / "x.npz", store, feature_set="mae")
    np.testing.assert_array_equal(store.open(entry("v")).read(), values)
