import hashlib

from wildaffect.core.hashes import hash_files


def test_one_file_has_the_hash_of_its_bytes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"image\n")
    found = hash_files("labels", [path, path])
    assert found.sha256 == hashlib.sha256(b"image\n").hexdigest()
    assert (found.name, found.num_files) == ("labels", 1)


def test_files_of_one_name_in_two_folders_both_count(tmp_path):
    paths = [tmp_path / folder / "v.csv" for folder in ("a", "b")]
    for path, content in zip(paths, (b"1", b"2"), strict=True):
        path.parent.mkdir()
        path.write_bytes(content)
    both = hash_files("labels", paths)
    assert both.num_files == 2
    paths[0].write_bytes(b"3")
    assert hash_files("labels", paths).sha256 != both.sha256


def test_a_folder_is_no_file(tmp_path):
    assert hash_files("made in memory", [tmp_path]).sha256 is None
