import io
import zipfile

import numpy as np
import pytest

from wildaffect.core.npz import open_npz
from wildaffect.core.zips import BadZip

ARRAYS = {
    "plain": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a/fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "none": np.zeros((0, 3), np.float16),
    "one": np.array(3.5),
    "text": np.array(["a", "bc"]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_those_that_numpy_wrote(tmp_path, save):
    save(tmp_path / "f.npz", **ARRAYS)
    with open_npz(tmp_path / "f.npz") as found:
        assert set(found.names) == set(ARRAYS)
        for name, expected in ARRAYS.items():
            values = found[name]
            assert values.dtype == expected.dtype
            np.testing.assert_array_equal(values, expected)


def write(path, content, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr("a.npy", content)
    return path


def header(shape, dtype="<f4", version=b"\x01\x00"):
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (header((1 << 40,)) + bytes(8), r"shape \(1099511627776,\) in 8 bytes"),
        (header((-1,)) + bytes(8), r"shape \(-1,\)"),
        (header((2,)), "in 0 bytes"),
        (header((1,), "|O") + bytes(8), "object"),
        (header((2,), version=b"\x09\x00") + bytes(8), r"version \(9, 0\)"),
        (b"no array", "damaged zip"),
        (header("(" * 300), "a header that is none"),
    ],
)
def test_a_header_that_claims_what_is_not_there_is_refused(tmp_path, content, message):
    path = write(tmp_path / "f.npz", content)
    with pytest.raises(BadZip, match=message), open_npz(path) as found:
        found["a"]


def test_a_bomb_is_refused_unread(tmp_path):
    content = header((100 << 20,), "|u1") + bytes(100 << 20)
    path = write(tmp_path / "f.npz", content, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(BadZip, match="more than 64 to 1"), open_npz(path) as found:
        found["a"]


def test_an_array_that_is_not_there_is_named(tmp_path):
    np.savez(tmp_path / "f.npz", a=np.zeros(2))
    with pytest.raises(BadZip, match="no array 'b'"), open_npz(tmp_path / "f.npz") as found:
        found["b"]


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    sink = io.BytesIO()
    np.save(sink, np.zeros(2))
    (tmp_path / "f.npz").write_bytes(sink.getvalue())
    with pytest.raises(BadZip, match="damaged zip"), open_npz(tmp_path / "f.npz"):
        pass
