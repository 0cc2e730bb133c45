"""Names of any kind, and several runs that share a folder of results."""

import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from wildaffect.analysis.folder import run_jobs
from wildaffect.analysis.job import FileJob
from wildaffect.analysis.options import ColumnOptions, ReadOptions, build_analyzer
from wildaffect.analysis.plan import AnalysisWorker
from wildaffect.core.printable import printable
from wildaffect.engines.engine import InProcess
from wildaffect.outputs.events_file import EVENTS_SUFFIX
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table

pytestmark = pytest.mark.e2e


def test_an_unexpected_error_costs_its_file_and_is_named(tmp_path):
    jobs = [
        FileJob(
            source=Path(f"{name}.mp4"),
            results=(tmp_path / f"{name}.csv",),
            read=_FailingRead(),
            columns=ColumnOptions(),
        )
        for name in ("a", "b")
    ]
    engine = InProcess(lambda: AnalysisWorker(build_analyzer()))
    reports = list(run_jobs(jobs, engine, lambda *_: None))
    assert [report.source for report in reports] == ["a.mp4", "b.mp4"]
    for report in reports:
        assert report.error.startswith(
            f"{report.source}: failed unexpectedly, ZeroDivisionError: a defect of ours "
            "(test_many_files.py:"
        )
        assert report.error.endswith("); please report this line")


class _FailingRead(ReadOptions):
    """Fails as no reader should."""

    def open(self, source):
        raise ZeroDivisionError("a defect\nof ours")


@pytest.fixture(scope="session")
def namesakes(portrait_views, save_clip, tmp_path_factory):
    """Make folders with a `video.mp4` each, every one with another number of frames."""

    def make(number):
        root = tmp_path_factory.mktemp("namesakes")
        views = portrait_views(number + 2, size=(120, 90), zoom=0.5)
        for i in range(number):
            (root / f"S{i:02d}").mkdir()
            save_clip(root / f"S{i:02d}/video.mp4", views[: i + 3])
        return root

    return make


@pytest.mark.parametrize(
    ("runs", "files"), [(2, 4), pytest.param(8, 40, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("shared", [False, True])
def test_runs_at_once_into_one_folder_never_touch_each_others_results(
    namesakes, tmp_path, in_child, runs, files, shared
):
    root, out = namesakes(files), tmp_path / "out"
    videos = sorted(root.rglob("*.mp4"))
    given = [[root] if shared else videos[i::runs] for i in range(runs)]
    children = [
        in_child("analyze", *each, "-o", out, "--json", "--resume", "--overlay")
        for each in given
    ]
    ended = [child.communicate(timeout=900) for child in children]
    assert [child.returncode for child in children] == [0] * runs, ended
    assert all(re.fullmatch(r"(.+ \d+/\d+\n)*", err) for _, err in ended), ended
    analyzed = Counter(
        file["source"]
        for out_text, _ in ended
        for file in json.loads(out_text)["files"]
        if not file["was_finished"]
    )
    assert analyzed == Counter(map(str, videos))
    results = sorted(tables_in(out))
    assert len(results) == files
    for result in results:
        sidecar = read_sidecar(result)
        (source,) = sidecar["source"]["path"]
        number = int(source.split("/S")[-1][:2])
        assert sidecar["complete"]
        assert read_table(result)["frame"].to_pylist() == list(range(number + 3))
        assert result.with_suffix(".overlay.mp4").exists()
    names = {read_sidecar(result)["source"]["path"][0] for result in results}
    assert names == set(map(str, videos))
    assert not list(out.rglob("*.part*"))


def tables_in(folder):
    """Return the result tables in a folder, without their events."""
    return [path for path in folder.rglob("*.csv") if not path.name.endswith(EVENTS_SUFFIX)]


def test_the_second_of_two_inputs_of_one_name_gets_a_name_of_its_own(
    namesakes, tmp_path, analyze
):
    root, out = namesakes(2), tmp_path / "out"
    for folder in ("S00", "S01", "S00"):
        assert analyze(root / folder / "video.mp4", "-o", out, "--overlay").status == 0
    tables = {path.name: read_table(path).num_rows for path in tables_in(out)}
    assert tables == {"video.csv": 3, "S01_video.mp4.csv": 4}
    assert {path.name for path in out.glob("*.mp4")} == {
        "video.overlay.mp4",
        "S01_video.mp4.overlay.mp4",
    }


def test_names_of_any_bytes_are_analyzed_on_any_terminal(clip, tmp_path, in_child):
    folder = tmp_path / "in"
    folder.mkdir()
    names = [
        b"caf\xe9.mp4",
        "\u00e9\u4e2d.mp4".encode(),
        b"a\x1b]0;pwn\x07.mp4",
        b"=1+1.mp4",
    ]
    for name in names:
        os.link(clip, os.fsencode(folder) + b"/" + name)
    before = "import sys; sys.stdout.reconfigure(encoding='ascii', errors='strict')"
    child = in_child(
        "analyze", folder, "-o", tmp_path / "out", "--stop", 0.12, "--overlay",
        before=before,
    )  # fmt: skip
    out, err = child.communicate(timeout=300)
    assert child.returncode == 0
    assert re.fullmatch(r"(.+ \d+/\d+\n)*", err)
    assert out.isascii()
    assert "\x1b" not in out
    assert r"caf\xe9.csv" in out
    tables = tables_in(tmp_path / "out")
    found = sorted(os.fsencode(path.name) for path in tables)
    assert found == sorted(name.replace(b".mp4", b".csv") for name in names)
    for path in tables:
        assert read_sidecar(path)["source"]["path"] == [
            printable(str(folder / path.with_suffix(".mp4").name))
        ]


def test_a_table_that_was_named_is_not_taken_from_another_input(clip, tmp_path, analyze):
    for _ in range(2):
        done = analyze(clip, "-o", tmp_path / "x.csv", "--stop", 0.12, "--quiet")
        assert done.status == 0
    other = tmp_path / "other.mp4"
    other.write_bytes(clip.read_bytes())
    done = analyze(other, "-o", tmp_path / "x.csv", "--stop", 0.12, "--quiet")
    assert done.status == 1
    assert "x.csv: a file that is not the result of this input exists" in done.err
