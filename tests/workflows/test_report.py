"""Reports of stored results: where pages go, what they link to, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.errors import OutputError
from wildaffect.workflows.report import report

DEMO = Path(wildaffect.__file__).parent / "demo"


def write_result(path: Path, *, video: Path | None = None, num_frames: int = 60) -> Path:
    """Write a small result with its sidecar."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = range(num_frames)
    columns = {
        "frame": list(frames),
        "time_s": [frame / 30 for frame in frames],
        "track_id": [0] * num_frames,
        "status": ["ok"] * num_frames,
        "valence": [0.01 * frame for frame in frames],
        "AU12": [0.5] * num_frames,
        "AU12_present": [True] * num_frames,
    }
    for name, place in (
        ("box_x0", 60.0),
        ("box_y0", 40.0),
        ("box_x1", 160.0),
        ("box_y1", 160.0),
    ):
        columns[name] = [place] * num_frames
    pa.csv.write_csv(pa.table(columns), path)
    source = (
        {} if video is None else {"path": [str(video)], "name": str(video), "codec": "h264"}
    )
    document = {"schema_version": 1, "source": source, "complete": True}
    path.with_name(path.name + ".json").write_text(json.dumps(document))
    return path


def test_a_page_lies_beside_its_table_and_links_to_the_video(tmp_path):
    video = tmp_path / "a b#1.mp4"
    video.write_bytes((DEMO / "people.mp4").read_bytes())
    result = write_result(tmp_path / "out" / "clip.csv", video=video)
    made = report(result)
    (page,) = made.reports
    assert page.path == tmp_path / "out" / "clip.html"
    assert made.index is None
    html = page.path.read_text()
    assert 'src="../a%20b%231.mp4"' in html
    assert html.count("data:image/jpeg") == 1
    assert str(tmp_path) not in html


@pytest.mark.parametrize(("margin", "shown"), [(0.99, "unclear"), (0.1, "Happiness")])
def test_summary_and_gallery_show_the_same_expression(tmp_path, margin, shown):
    default = wildaffect.load_model()
    calibration = replace(default.manifest.calibration, expression_margin=margin)
    model = replace(default, manifest=replace(default.manifest, calibration=calibration))
    (done,) = wildaffect.analyze_files([DEMO / "astronaut.jpg"], tmp_path, model=model)
    (most,) = done.tracks[0].expressions
    html = report(done.result).reports[0].path.read_text()
    assert most.label == shown
    assert f"<td>{shown}" in html


@pytest.mark.parametrize(("look", "num"), [("none", 0), ("clear", 1)])
def test_thumbnails_are_as_wanted(tmp_path, look, num):
    result = write_result(tmp_path / "clip.csv", video=DEMO / "people.mp4")
    html = report(result, thumbnails=look).reports[0].path.read_text()
    assert html.count("data:image/jpeg") == num


def test_a_video_is_embedded_on_request_alone(tmp_path):
    result = write_result(tmp_path / "clip.csv", video=DEMO / "people.mp4")
    html = report(result, embed_video=True).reports[0].path.read_text()
    assert "data:video/mp4;base64," in html
    lost = write_result(tmp_path / "lost.csv", video=tmp_path / "gone.mp4")
    with pytest.raises(OutputError, match="--embed-video: the video is not where it was"):
        report(lost, embed_video=True)


def test_a_video_that_is_gone_or_not_for_browsers_is_said(tmp_path):
    lost = write_result(tmp_path / "lost.csv", video=tmp_path / "gone.mp4")
    page = report(lost).reports[0]
    assert page.omitted[0] == "The video is not where it was when it was analyzed."
    assert "<video" not in page.path.read_text()
    other = tmp_path / "x.avi"
    other.write_bytes(b"x")
    page = report(write_result(tmp_path / "avi.csv", video=other)).reports[0]
    assert page.omitted[0].startswith("Browsers do not play this video (.avi)")


def test_a_folder_gets_an_index_and_failures_are_kept(tmp_path):
    results = tmp_path / "results"
    write_result(results / "a.csv")
    write_result(results / "deep" / "a.csv")
    bad = write_result(results / "bad.csv")
    bad.write_text("frame,time_s\n1,2,3\n")
    made = report(results, tmp_path / "pages")
    assert [
        page.path and page.path.relative_to(tmp_path / "pages").as_posix()
        for page in made.reports
    ] == [
        "a.csv.html",
        None,
        "deep/a.csv.html",
    ]
    assert len(made.failed) == 1
    assert str(bad) in made.failed[0]
    index = made.index.read_text()
    assert 'href="deep/a.csv.html"' in index
    assert "bad.csv" in index


def test_pages_replace_their_own_and_nothing_else(tmp_path):
    result = write_result(tmp_path / "clip.csv")
    page = report(result).reports[0].path
    before = page.read_bytes()
    assert report(result).reports[0].path.read_bytes() == before
    page.write_text("mine")
    with pytest.raises(OutputError, match="not the report of this result"):
        report(result)
    assert page.read_text() == "mine"
    other = write_result(tmp_path / "other" / "clip.csv")
    report(other, tmp_path / "pages")
    with pytest.raises(OutputError, match="not the report of this result"):
        report(result, tmp_path / "pages")


def test_a_table_without_sidecar_and_a_part_file_have_pages_that_say_so(tmp_path):
    result = write_result(tmp_path / "clip.csv")
    (tmp_path / "clip.csv.json").unlink()
    html = report(result).reports[0].path.read_text()
    assert "No sidecar lies beside this table" in html
    part = result.rename(tmp_path / "half.csv.part")
    assert report(part).reports[0].path == tmp_path / "half.csv.html"


def test_the_command_names_its_pages(tmp_path, capsys):
    write_result(tmp_path / "a.csv")
    write_result(tmp_path / "b.csv")
    assert main(["report", str(tmp_path), "-o", str(tmp_path / "pages"), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert f"wrote {tmp_path / 'pages' / 'index.html'}: open this one" in out
    assert main(["report"]) == 2
    assert main(["report", str(tmp_path / "none.csv")]) == 1
    assert "no such file or folder" in capsys.readouterr().err
