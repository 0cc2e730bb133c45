from pathlib import Path

import pytest

from wildaffect.analysis.inputs import plan_inputs
from wildaffect.analysis.options import ReadOptions
from wildaffect.analysis.video_list import read_video_list
from wildaffect.core.errors import UsageError


def write(folder, text):
    path = folder / "videos.csv"
    path.write_text(text, encoding="utf-8")
    return path


def plan(folder, text, *others):
    return plan_inputs(
        [write(folder, text), *others], folder / "out", ".csv", ReadOptions(every=2)
    )


def test_a_line_names_its_result_and_has_options_of_its_own(tmp_path):
    found = plan(
        tmp_path,
        "id,path,start,stop,every,neutral\n"
        "S01/first,clips/a.mp4,1.5,3,,none\n"
        "S01/second,clips/a.mp4,,,5,\n"
        ',/data/b.mp4,,,,"0-2"\n',
    )
    named = {each.name: each for each in found.named}
    assert set(named) == {"S01/first", "S01/second", "b.mp4"}
    first, second, b = named["S01/first"], named["S01/second"], named["b.mp4"]
    assert first.source == second.source == tmp_path / "clips/a.mp4"
    assert first.results == (tmp_path / "out/S01/first.csv",)
    assert b.results[0] == tmp_path / "out/b.csv"
    default = ReadOptions(every=2)
    assert found.read(first, default) == ReadOptions(start_s=1.5, stop_s=3.0, every=2)
    assert found.read(second, default) == ReadOptions(every=5)
    assert found.read(b, default) == default
    assert [found.neutral(each, "auto") for each in (first, second, b)] == [
        "none", "auto", "0-2",
    ]  # fmt: skip


def test_a_list_stands_beside_files_and_a_neutral_file_is_found_beside_the_list(tmp_path):
    (tmp_path / "rest.jpg").write_bytes(b"a picture")
    found = plan(tmp_path, "path,neutral\na.mp4,rest.jpg\n", tmp_path / "c.mp4")
    assert [each.name for each in found.named] == ["c.mp4", "a.mp4"]
    assert found.neutral(found.named[1], "auto") == str(tmp_path / "rest.jpg")


def test_addresses_are_kept_and_a_folder_of_images_is_one_source(tmp_path):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames/1.png").write_bytes(b"")
    path = write(tmp_path, "path\nrtsp://camera/1\nframes\n")
    sources = [video.source.source for video in read_video_list(path, "stills")]
    assert sources == ["rtsp://camera/1", tmp_path / "frames"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: a list of videos needs a column 'path', got nothing"),
        ("frame,time_s\n1,2\n", "needs a column 'path', got frame, time_s"),
        ("path,strat\na,1\n", "line 1: unknown column 'strat'; columns are path, id"),
        ("path,id,id\na,b,c\n", "line 1: two columns 'id'"),
        ("path\n", "no videos; add a line per video"),
        ("path\na,b\n", "line 2: more cells than the header has columns"),
        ("path,id\n,x\n", "line 2: the path is empty"),
        ("path,start\na,soon\n", "line 2: start must be a time in seconds, got 'soon'"),
        ("path,start\na,-1\n", "line 2: start must be a time in seconds, got '-1'"),
        ("path,stop\na,nan\n", "line 2: stop must be a time in seconds, got 'nan'"),
        ("path,start,stop\na,3,2\n", "line 2: stop must lie after start, got 2"),
        ("path,every\na,0\n", "line 2: every must be a whole number from 1, got '0'"),
        ("path,id\na,x\nb,X\n", "line 3: the same id is in line 2"),
        ("path\na\na\n", "line 3: the same path is in line 2; give each an id"),
        ("path,id\na,../x\n", "line 2: an id must be a name, or a path inside the output"),
        ("path,id\na,/x\n", "line 2: an id must be a name, or a path inside the output"),
        (
            "path,id\na,x\na,X.Events\n",
            "line 3: an id must not end in .events, as events of X",
        ),
        (f"path,every\na,{'9' * 5000}\n", "line 2: every must be a whole number from 1"),
        (
            "path,neutral\na,no.jpg\n",
            "line 2: neutral must be a picture or video, START-END",
        ),
        ('path\n"a\n', "list of videos cannot be read: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_video_list(path, "stills")
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_folder_of_several_videos_is_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").write_bytes(b"")
    path = write(tmp_path, "path\n.\n")
    with pytest.raises(UsageError, match=r"line 2: \. holds 2 videos and folders"):
        read_video_list(path, "stills")


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"x\.csv: list .* cannot be read: No such file"):
        read_video_list(Path(tmp_path / "x.csv"), "stills")


def test_an_id_is_not_shared_with_an_input_that_has_none(tmp_path):
    with pytest.raises(UsageError, match=r"b\.mp4: its result would have the name of the"):
        plan(tmp_path, "path,id\na.mp4,b\n", tmp_path / "b.mp4")
