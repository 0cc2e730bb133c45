from pathlib import Path

import pytest

from wildaffect.analysis.folder import plan_results
from wildaffect.analysis.naming import NamedSource
from wildaffect.core.errors import OutputError, UsageError
from wildaffect.video.expand import Source


def names(sources, out, suffix=".csv"):
    plan = plan_results([Source(source) for source in sources], out, suffix)
    return [named.results[0].name for named in plan]


def test_every_source_gets_a_table_of_its_own(tmp_path):
    sources = [
        Path("a.mp4"),
        0,
        "rtsp://x/1",
        "rtsp://x/2",
        (Path("f/1.png"), Path("f/2.png")),
    ]
    assert names(sources, tmp_path) == [
        "a.csv",
        "camera-0.csv",
        "stream.csv",
        "stream-2.csv",
        "f.csv",
    ]
    assert names([Path("f"), (Path("f/1.png"), Path("f/2.png"))], tmp_path) == [
        "f.csv",
        "f-2.csv",
    ]


def test_a_file_that_is_named_in_two_ways_is_read_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sources = [Path("a.mp4"), tmp_path / "a.mp4", Path("x/../a.mp4")]
    assert names(sources, tmp_path) == ["a.csv"]


def test_the_working_folder_lends_its_name(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert names([Path()], tmp_path) == ["here.csv"]
    assert names([Path("..")], tmp_path) == [f"{tmp_path.name}.csv"]


def test_a_single_source_may_name_its_table_and_folders_are_made(tmp_path):
    out = tmp_path / "new" / "x.parquet"
    assert plan_results([Source(Path("a.mp4"))], out, ".csv") == [
        NamedSource(Path("a.mp4"), "a.mp4", (out,))
    ]
    assert out.parent.is_dir()


@pytest.mark.parametrize("name", ["x.xlsx", "x.json", "x.mp4", "x.cvs", "x.paquet"])
def test_a_file_name_that_is_no_table_is_refused_before_a_folder_is_made(tmp_path, name):
    with pytest.raises(UsageError, match=r"result must end in one of \.csv"):
        plan_results([Source(Path("a.mp4"))], tmp_path / name, ".csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["run.1", "v0.2", "results", "2024.05.01", "a.final"])
def test_folders_may_have_dots_in_their_names(tmp_path, name):
    assert names([Path("a.mp4")], tmp_path / name) == ["a.csv"]
    assert (tmp_path / name).is_dir()


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"got '\.xml'"):
        plan_results([Source(Path("a.mp4"))], tmp_path, ".xml")


def test_several_sources_cannot_share_a_table(tmp_path):
    with pytest.raises(UsageError, match="output must be a folder for 2 inputs"):
        plan_results(
            [Source(Path("a.mp4")), Source(Path("b.mp4"))], tmp_path / "x.csv", ".csv"
        )


def test_a_place_that_is_taken_by_a_file_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(
        OutputError, match="output folder must be writable, got File exists"
    ):
        plan_results([Source(Path("a.mp4"))], tmp_path / "taken", ".csv")


def test_results_of_a_folder_are_laid_out_as_the_folder_is(tmp_path):
    found = [
        Source(Path("data/S01/video.mp4"), Path("S01")),
        Source(Path("data/S02/video.mp4"), Path("S02")),
        Source(Path("data/S03/photos"), Path("S03")),
    ]
    planned = plan_results(found, tmp_path, ".csv")
    plan = [named.results[0] for named in planned]
    assert [path.relative_to(tmp_path).as_posix() for path in plan] == [
        "S01/video.csv",
        "S02/video.csv",
        "S03/photos.csv",
    ]


def every(*sources):
    return names([Path(source) for source in sources], Path("out"))


def test_every_input_gets_a_result_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert every("a.mp4", "b.mp4") == ["a.csv", "b.csv"]
    assert every("a.mp4", "a.avi", "b.mp4") == ["a.mp4.csv", "a.avi.csv", "b.csv"]
    assert every("p/a.mp4", "q/a.mp4") == ["p_a.mp4.csv", "q_a.mp4.csv"]
    assert len({*every("x/p/a.mp4", "y/p/a.mp4", "z/p/A.MP4")}) == 3
    assert len({*every("a.mp4.avi", "a.mp4", "a.mov")}) == 3


def test_sources_are_named_by_their_path_in_the_folder_or_their_whole_path(tmp_path):
    inside = [Source(tmp_path / "S01" / "a.mp4", Path("S01")), Source(tmp_path / "b.mp4")]
    named = plan_results(inside, tmp_path / "out", ".csv")
    assert [each.name for each in named] == ["S01/a.mp4", "b.mp4"]
    same = [Source(tmp_path / "x" / "a.mp4"), Source(tmp_path / "y" / "a.mp4")]
    named = plan_results(same, tmp_path / "out", ".csv")
    assert [each.name for each in named] == [
        (tmp_path / "x" / "a.mp4").as_posix(),
        (tmp_path / "y" / "a.mp4").as_posix(),
    ]
