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


@pytest.mark.parametrize(
    ("unit", "format_", "column", "is_written"),
    [
        ("[0, 5]", "openface", "AU06_r", True),
        ("[0, 100]", "openface", "AU06_r", False),
        ("[0, 5]", "libreface", "au_6_intensity", True),
        ("[0, 100]", "libreface", "au_6_intensity", False),
    ],
)
def test_an_intensity_on_a_scale_of_its_own_is_not_written_as_one_of_facs(
    store, tmp_path, unit, format_, column, is_written
):
    path = store(columns_of(2) | {"AU06_intensity": [3.0, 4.0]}).path
    sidecar = path.with_name("clip.csv.json")
    document = json.loads(sidecar.read_text())
    for described in document["columns"]:
        if described["name"] == "AU06_intensity":
            described["unit"] = unit
    sidecar.write_text(json.dumps(document))
    (made,) = wildaffect.convert(path, tmp_path / "out", format=format_)
    assert made.error is None
    header = made.files[0].read_text().splitlines()[0].split(",")
    assert (column in header) == is_written
