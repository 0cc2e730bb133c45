import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from wildaffect.core.errors import FeatureError
from wildaffect.features.records import FeatureTable, Provenance
from wildaffect.features.store import EntryName, FeatureStore

FROM = Provenance(content_sha256="c0", preprocess_sha256="none", weights_sha256="w0")


def table(video="clip", track="0", *, rows=20, fill=None, **fields):
    values = np.random.default_rng(rows).normal(size=(rows, 4)).astype(np.float32)
    if fill is not None:
        values[:] = fill
    return FeatureTable(
        **{
            "feature_set": "geometry",
            "video": video,
            "track": track,
            "columns": ("a", "b", "c", "d"),
            "frame_number": np.arange(rows) * 3 + 5,
            "time_s": np.arange(rows) / 10,
            "values": values,
            "provenance": FROM,
            **fields,
        }
    )


@settings(max_examples=25, deadline=None)
@given(
    name=st.text(min_size=1, max_size=15),
    rows=st.integers(0, 50),
    dtype=st.sampled_from(["float16", "float32"]),
)
def test_what_was_written_is_read_back_under_any_name(tmp_path_factory, name, rows, dtype):
    store = FeatureStore(tmp_path_factory.mktemp("store"))
    written = table(name, track=name, rows=rows)
    try:
        store.write(written, dtype)
    except UnicodeEncodeError:
        return  # half of a surrogate pair is no file name
    entry = EntryName("geometry", name, name)
    assert list(store.entries()) == [entry]
    read = store.open(entry, expect=FROM)
    np.testing.assert_array_equal(read.read(), written.values.astype(dtype))
    np.testing.assert_array_equal(read.read(slice(3, 9)), read.read()[3:9])
    np.testing.assert_array_equal(read.frame_number, written.frame_number)
    np.testing.assert_array_equal(read.time_s, written.time_s)
    assert read.sidecar.columns == written.columns
    assert len(read) == rows


def test_numbers_written_in_blocks_are_a_safetensors_file(tmp_path):
    whole = table(rows=2500)
    store = FeatureStore(tmp_path)
    sidecar = store.write_blocks(whole, np.array_split(whole.values, 7), "float32")
    (path,) = tmp_path.rglob("*.safetensors")
    assert path.name == sidecar.data_file
    read = load_file(path)
    assert read.keys() == {"values", "frame_number", "time_s"}
    for name, array in read.items():
        np.testing.assert_array_equal(array, getattr(whole, name))
    in_blocks = path.read_bytes()
    again = store.write(whole, "float32")
    assert path.with_name(again.data_file).read_bytes() == in_blocks


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            [(20, 3)],
            r"values must have shape \(20, 4\), got a block \(20, 3\) after 0 rows",
        ),
        ([(15, 4), (6, 4)], r"got a block \(6, 4\) after 15 rows"),
        ([(15, 4)], "values must have 20 rows, got 15"),
    ],
)
def test_blocks_that_are_not_the_rows_of_their_head_are_refused(tmp_path, blocks, message):
    store = FeatureStore(tmp_path)
    with pytest.raises(FeatureError, match=message):
        store.write_blocks(table(), map(np.zeros, blocks), "float16")
    assert not list(store.entries("geometry"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_nearest_row_is_the_frame_itself_else_the_earlier_one_else_the_first(tmp_path):
    store = FeatureStore(tmp_path)
    store.write(table())  # frames 5, 8, 11, ...
    read = store.open(EntryName("geometry", "clip", "0"))
    assert [read.nearest_row(n) for n in (0, 5, 7, 8, 10**6)] == [0, 0, 0, 1, 19]
    store.write(table(rows=0))
    with pytest.raises(FeatureError, match="rows must be at least one, got none"):
        store.open(EntryName("geometry", "clip", "0")).nearest_row(3)


def test_unknown_names_suggest_the_nearest(tmp_path):
    store = FeatureStore(tmp_path)
    store.write(table("video48"))
    with pytest.raises(FeatureError, match="got 'geometri'; did you mean geometry"):
        store.open(EntryName("geometri", "video48", "0"))
    with pytest.raises(FeatureError, match="got 'video84'; did you mean video48"):
        store.open(EntryName("geometry", "video84", "0"))
    with pytest.raises(FeatureError, match="track must be one of 0, got '1'"):
        store.open(EntryName("geometry", "video48", "1"))
    with pytest.raises(FeatureError, match="the store is empty"):
        list(FeatureStore(tmp_path / "none").entries("geometry"))


def test_features_from_elsewhere_are_refused_with_both_digests(tmp_path):
    store = FeatureStore(tmp_path)
    store.write(table())
    for field in ("content_sha256", "preprocess_sha256", "weights_sha256"):
        other = replace(FROM, **{field: "other"})
        with pytest.raises(FeatureError, match=f"{field} must be other, got"):
            store.open(EntryName("geometry", "clip", "0"), expect=other)


def test_the_key_changes_with_everything_that_changes_the_numbers(tmp_path):
    store = FeatureStore(tmp_path)
    keys = {store.write(table(), dtype).key for dtype in ("float16", "float32")}
    for field in ("content_sha256", "preprocess_sha256", "weights_sha256"):
        keys.add(store.write(table(provenance=replace(FROM, **{field: "x"}))).key)
    assert len(keys) == 5
    assert store.key_of(EntryName("geometry", "clip", "0")) in keys
    assert store.key_of(EntryName("geometry", "clip", "9")) is None


def test_replacing_an_entry_leaves_one_file_of_numbers_and_open_readers_intact(tmp_path):
    store = FeatureStore(tmp_path)
    store.write(table(fill=1.0))
    reader = store.open(EntryName("geometry", "clip", "0"))
    store.write(table(fill=2.0))
    assert (reader.read() == 1.0).all()
    assert (store.open(EntryName("geometry", "clip", "0")).read() == 2.0).all()
    assert len(list(tmp_path.rglob("*.safetensors"))) == 1


def test_damaged_files_are_named(tmp_path):
    store = FeatureStore(tmp_path)
    entry = EntryName("geometry", "clip", "0")
    store.write(table())
    (numbers,) = tmp_path.rglob("*.safetensors")
    whole = numbers.read_bytes()
    numbers.write_bytes(whole[:50])
    with pytest.raises(FeatureError, match=r"safetensors: file must be whole, got"):
        store.open(entry)
    numbers.unlink()
    with pytest.raises(FeatureError, match=r"no such file: .*, which its sidecar names"):
        store.open(entry)
    (sidecar,) = tmp_path.rglob("*.json")
    sidecar.write_text('{"feature_set": 1}')
    with pytest.raises(FeatureError, match="sidecar must be as this version writes it"):
        store.open(entry)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"time_s": np.arange(19.0)}, r"time_s must have shape \(20,\), got \(19,\)"),
        ({"columns": tuple("abcc")}, "columns must be named once each"),
        ({"frame_number": np.zeros(20, int)}, "frame_number must ascend strictly"),
        ({"time_s": np.zeros(20)}, "row 1 must be later than row 0"),
        ({"fill": np.nan}, "values must be finite, got nan in frame 5, column a"),
    ],
)
def test_tables_that_do_not_hold_together_are_refused(fields, message):
    with pytest.raises(FeatureError, match=message):
        table(**fields)


def test_values_beyond_half_precision_and_names_too_long_are_refused(tmp_path):
    with pytest.raises(FeatureError, match=r"to fit float16, got 70000\.0; store them as"):
        FeatureStore(tmp_path).write(table(fill=7e4))
    with pytest.raises(FeatureError, match="names must have 1 to 180 bytes"):
        FeatureStore(tmp_path).write(table("x" * 181))


WRITER = """
import sys
from pathlib import Path
import numpy as np
from wildaffect.features.records import FeatureTable, Provenance
from wildaffect.features.store import FeatureStore

store, worker, rows, rounds = FeatureStore(Path(sys.argv[1])), *map(int, sys.argv[2:])
start = Provenance(content_sha256="c", preprocess_sha256="p", weights_sha256=str(worker))
for i in range(rounds):
    for video in (f"video{i % 3}", f"own{worker}-{i % 10}"):
        store.write(FeatureTable(
            feature_set="geometry", video=video, track="0", columns=tuple("abcd"),
            frame_number=np.arange(rows), time_s=np.arange(rows) / 30,
            values=np.full((rows, 4), i % 100, dtype=np.float32), provenance=start))
    print(i, flush=True)
"""


def start_writer(root, worker, *, rows, rounds):
    numbers = [str(number) for number in (worker, rows, rounds)]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), *numbers], stdout=subprocess.PIPE
    )


def check_whole(store):
    for name in store.entries():
        stored = store.open(name)
        values = stored.read()
        assert len(values) == stored.sidecar.num_rows == len(stored.time_s)
        assert (values == values[0, 0]).all()


def test_several_processes_write_and_read_at_once_and_every_entry_is_whole(tmp_path):
    writers = [start_writer(tmp_path, w, rows=200 + w, rounds=30) for w in range(3)]
    store = FeatureStore(tmp_path)
    while any(writer.poll() is None for writer in writers):
        check_whole(store)
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    check_whole(store)
    assert len(list(store.entries("geometry"))) == 3 + 3 * 10


def test_a_killed_writer_leaves_a_readable_store_and_what_it_left_can_be_swept(tmp_path):
    for attempt in range(4):
        writer = start_writer(tmp_path, attempt, rows=30_000, rounds=10**6)
        writer.stdout.readline()  # one round is done
        time.sleep(0.007 * (attempt + 1))
        writer.kill()
        writer.communicate()
        check_whole(FeatureStore(tmp_path))
    store = FeatureStore(tmp_path)
    names = list(store.entries())
    assert len(names) >= 2
    assert store.remove_leftovers(3600.0) == 0
    store.remove_leftovers(-1.0)
    check_whole(store)
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 2 * len(names)


def altered_sidecar(root, **fields):
    (sidecar,) = root.rglob("*.json")
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | fields))


@pytest.mark.parametrize("place", ["absolute", "../../../victim.txt", "0.json", "../x"])
def test_a_store_made_elsewhere_deletes_nothing_but_its_own_numbers(tmp_path, place):
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    store = FeatureStore(tmp_path / "store")
    store.write(table())
    altered_sidecar(store.root, data_file=str(victim) if place == "absolute" else place)
    before = sorted(tmp_path.rglob("*"))
    entry = EntryName("geometry", "clip", "0")
    for act in (
        lambda: store.write(table()),
        lambda: store.remove(entry),
        lambda: store.remove_leftovers(-1.0),
        lambda: store.open(entry),
    ):
        with pytest.raises(FeatureError, match="data_file must be 0"):
            act()
    assert sorted(tmp_path.rglob("*")) == before
    assert victim.read_text() == "precious"


def test_numbers_that_are_not_as_their_sidecar_says_are_refused(tmp_path):
    store, entry = FeatureStore(tmp_path), EntryName("geometry", "clip", "0")
    store.write(table())
    altered_sidecar(tmp_path, num_rows=19)
    with pytest.raises(FeatureError, match=r"F16 of shape \[19, 4\], got F16"):
        store.open(entry)
    altered_sidecar(tmp_path, num_rows=20, dtype="float32")
    with pytest.raises(FeatureError, match=r"F32 of shape \[20, 4\], got F16"):
        store.open(entry)
    altered_sidecar(tmp_path, dtype="float16")
    (numbers,) = tmp_path.rglob("*.safetensors")
    arrays = load_file(numbers)
    save_file(arrays | {"frame_number": arrays["frame_number"][::-1].copy()}, numbers)
    with pytest.raises(FeatureError, match="frame_number must ascend"):
        store.open(entry)
    save_file({"values": arrays["values"], "time_s": arrays["time_s"]}, numbers)
    with pytest.raises(FeatureError, match="file must be whole, got"):
        store.open(entry)
