"""`wildaffect convert` and `wildaffect.convert`."""

import json
import shutil

import pytest
from interchange_columns import columns_of

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.errors import UsageError


def run(*args):
    return main(list(map(str, args)))


def test_files_and_their_notes_are_written(store, tmp_path, capsys):
    folder = store(columns_of(2)).path.parent
    out = tmp_path / "out"
    assert run("convert", folder, "--format", "openface", "-o", out, "--quiet") == 0
    assert "1 file written" in capsys.readouterr().out
    assert (out / "clip.csv").read_text().startswith("frame,face_id,timestamp")
    document = json.loads((out / "clip.csv.json").read_text())
    assert document["format"] == "openface"
    assert document["made_from"]["digest"] == "0" * 64
    assert any("success" in note for note in document["notes"])


def test_a_result_is_never_overwritten(store, capsys):
    path = store(columns_of(2)).path
    before = path.read_bytes()
    assert run("convert", path, "--format", "openface", "-o", path.parent) == 1
    assert "is a result of `wildaffect analyze`; choose another" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_bad_result_is_one_line_and_the_others_are_converted(store, tmp_path, capsys):
    good = store(columns_of(2)).path
    bad = tmp_path / "other.csv"
    bad.write_text("name,score\nx,1\n")
    out = tmp_path / "out"
    assert run("convert", bad, good, "--format", "libreface", "-o", out, "--quiet") == 1
    captured = capsys.readouterr()
    assert captured.err.strip().count("\n") == 0
    assert "other.csv: must be a CSV table" in captured.err
    assert "1 file written, 1 result failed" in captured.out


def test_two_results_of_one_name_do_not_share_a_file(store, tmp_path):
    first = store(columns_of(2)).path
    second = tmp_path / "more" / "clip.csv"
    second.parent.mkdir()
    for suffix in ("", ".json"):
        shutil.copy(f"{first}{suffix}", f"{second}{suffix}")
    reports = list(wildaffect.convert([first, second], tmp_path / "out", format="openface"))
    assert reports[0].error is None
    assert "of the same name; convert one of them" in reports[1].error


def test_a_format_that_does_not_exist_is_refused_with_the_nearest(store, tmp_path):
    path = store(columns_of(1)).path
    with pytest.raises(UsageError, match="no format 'openfac'; did you mean openface"):
        wildaffect.convert(path, tmp_path, format="openfac")
