"""Values are invented; layouts are those of the module docstrings."""

import pyarrow as pa
import pytest
from pyarrow import parquet

from wildaffect.core.errors import BadAnnotation, UsageError
from wildaffect.formats.detect import detect
from wildaffect.formats.manifest import find_manifest, read_manifest


def put(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_manifest_names_what_it_annotates_and_blanks_the_rest(tmp_path):
    put(
        tmp_path / "manifest.csv",
        "image,video,frame,subject,split,valence,expression,AU12",
        "a/1.jpg,a,1,anna,train,0.5,Happiness,1",
        "a/2.jpg,a,2,anna,train,,,",
        "b/1.jpg,b,1,,val,2,Joy,0",
    )
    found = find_manifest(tmp_path)
    assert list(found) == ["train", "val"]
    train, val = (read_manifest(found[split], split) for split in found)
    a = train.annotations
    assert a.subjects == ("anna",)
    assert a.valence.valid.tolist() == [True, False]
    assert a.expression.valid.tolist() == [True, False]
    assert a.spaces.action_units.labels == ("AU12",)
    assert train.problems == ()
    assert [p.line for p in val.problems] == [4, 4]
    assert val.annotations.subjects == ("b",)


def test_a_manifest_may_name_another_label_space(tmp_path):
    path = put(
        tmp_path / "m.csv", "image,expression[affectnet-expressions-8]", "1.jpg,Contempt"
    )
    a = read_manifest(path).annotations
    assert a.spaces.expressions.labels[a.expression.values[0]] == "Contempt"


def test_a_video_of_two_people_is_refused(tmp_path):
    rows = ["1.jpg,v,1,anna", "2.jpg,v,2,bea"]
    with pytest.raises(BadAnnotation, match=":3: a video must be of one person"):
        read_manifest(put(tmp_path / "m.csv", "image,video,frame,subject", *rows))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("image,emotion", "got 'emotion'"),
        ("video,frame", "must hold image"),
        ("image,frame", "video with frame"),
        ("image,expression[mine]", "label space must be one of"),
        ("image,AU01,AU01", "must be distinct"),
    ],
)
def test_a_manifest_with_undocumented_columns_is_refused(tmp_path, header, words):
    with pytest.raises(BadAnnotation, match=words.replace("[", r"\[")):
        read_manifest(put(tmp_path / "m.csv", header, "1.jpg,1,1"))


def test_a_parquet_manifest_reads_like_the_csv(tmp_path):
    table = pa.table(
        {
            "image": ["a.jpg", "b.jpg"],
            "valence": pa.array([0.25, None], pa.float32()),
            "AU01": pa.array([True, False]),
        }
    )
    parquet.write_table(table, tmp_path / "manifest.parquet")
    a = read_manifest(find_manifest(tmp_path)["all"]).annotations
    assert a.valence.valid.tolist() == [True, False]
    assert a.action_units.values[:, 0].tolist() == [1, 0]


def test_a_parquet_file_that_is_none_is_refused(tmp_path):
    path = put(tmp_path / "m.parquet", "no table")
    with pytest.raises(BadAnnotation, match="must be a Parquet file"):
        read_manifest(path)


def test_two_manifests_equally_near_are_not_chosen_between_by_their_names(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.csv").write_text("image,valence\n1.jpg,0.5\n")
    with pytest.raises(
        UsageError, match=r"several annotations of one layout found \(.*b/man"
    ):
        detect(tmp_path, "manifest")
    (tmp_path / "manifest.csv").write_text("image,valence\n1.jpg,0.5\n")
    (found,) = detect(tmp_path, "manifest")  # the nearest wins
    assert found.splits == {"all": tmp_path / "manifest.csv"}
