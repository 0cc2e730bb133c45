import pytest

from wildaffect.core.errors import BadAnnotation
from wildaffect.data.annotated import fullest_layout, read_annotated

HEADER = "image,video,frame,valence,AU06,AU12"


def manifest(folder, units):
    rows = [f"a/{i:05d}.jpg,a,{i},0.1,{unit},1" for i, unit in enumerate(units, start=1)]
    path = folder / "manifest.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def test_intensities_are_never_masked_in_silence(tmp_path):
    path = manifest(tmp_path, [0, 1, 4, 1, 5, 0])
    annotated = read_annotated(path)
    assert [error.line for error in annotated.errors] == [4, 6]
    with pytest.raises(BadAnnotation) as error:
        annotated.check_for_training()
    assert str(error.value).startswith(f"{path}:4: AU06 must be ")
    assert "2 of 6 rows have errors and would be lost, the limit is 1%" in str(error.value)


def test_rows_that_are_lost_count_among_all_rows(tmp_path):
    path = manifest(tmp_path, [0, 1])
    path.write_text(path.read_text() + "a/3.jpg,a,3\n" * 3)
    with pytest.raises(BadAnnotation, match="3 of 5 rows have errors"):
        read_annotated(path).check_for_training()


def test_a_single_error_among_many_rows_is_a_note(tmp_path):
    annotated = read_annotated(manifest(tmp_path, [3, *[1] * 100]))
    annotated.check_for_training()
    (note,) = annotated.notes
    assert "1 problem, the first: manifest.csv:2: AU06 must be" in note


def test_empty_fields_are_not_annotated_and_no_errors(tmp_path):
    annotated = read_annotated(manifest(tmp_path, ["", "", 1]))
    assert annotated.errors == ()
    assert annotated.annotations.action_units.valid[:, 0].tolist() == [False, False, True]


def test_manifests_below_do_not_hide_the_layout_with_all_tasks(tmp_path):
    (tmp_path / "training_set_annotations.txt").write_text("image,valence\n")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.csv").write_text("image,valence\n1.jpg,0.5\n")
    assert fullest_layout(tmp_path) == "affwild2-mtl"
    assert fullest_layout(tmp_path / "a") is None
