"""`wildaffect openface`, called as OpenFace is called."""

import csv

import numpy as np
import pytest

from wildaffect.cli.main import main
from wildaffect.core.errors import UsageError
from wildaffect.interchange.openface_flags import parse_openface
from wildaffect.video.write import VideoWriter


def test_flags_of_scripts_are_understood():
    words = (
        "-f a.mp4 -f b.mp4 -fdir frames -out_dir out -aus -pose -2Dfp -multi_view 1 "
        "-verbose -oc XVID"
    )
    call = parse_openface(words.split())
    assert call.files == ("a.mp4", "b.mp4", "frames")
    assert call.folder == "out"
    assert call.groups == ("-aus", "-pose", "-2Dfp")
    assert [note.split()[0] for note in call.notes] == [
        "-2Dfp",
        "-multi_view",
        "-verbose",
        "-oc",
    ]
    assert parse_openface(["-f", "a.mp4"]).folder == "processed"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-f a.mp4 -au", "unknown flag -au; did you mean -aus?"),
        ("-f a.mp4 --what", "unknown flag --what; see wildaffect openface --help"),
        ("-aus", "no input given"),
        ("-f", "-f needs a value"),
        ("-device 0", "cameras are read by `wildaffect analyze 0`"),
        ("-f a.mp4 -f b.mp4 -of c", "-of names the file of one input"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(words, message):
    with pytest.raises(UsageError) as raised:
        parse_openface(words.split())
    assert message in str(raised.value)


def test_a_missing_video_is_one_line(tmp_path, capsys):
    words = ["openface", "-f", str(tmp_path / "no.mp4"), "-out_dir", str(tmp_path)]
    assert main(words) == 1
    assert "no.mp4" in capsys.readouterr().err


def test_an_unknown_flag_ends_with_the_status_of_usage(capsys):
    assert main(["openface", "-f", "a.mp4", "-auss"]) == 2
    assert "did you mean -aus?" in capsys.readouterr().err


def test_a_video_becomes_the_files_of_openface(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with VideoWriter(tmp_path / "clip.mp4", width=64, height=48, fps_hint=25) as video:
        for frame in range(3):
            video.write(np.full((48, 64, 3), 90, np.uint8), frame / 25)
    assert main("openface -f clip.mp4 -out_dir out -of mine -aus -3Dfp".split()) == 0
    assert "-3Dfp has no effect" in capsys.readouterr().err
    with (tmp_path / "out" / "mine.csv").open() as file:
        header, *rows = csv.reader(file)
    assert header[:5] == ["frame", "face_id", "timestamp", "confidence", "success"]
    assert all(name.startswith("AU") for name in header[5:])
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert {row[4] for row in rows} == {"0"}
    details = (tmp_path / "out" / "mine_of_details.txt").read_text()
    assert "Output csv:mine.csv" in details
    assert "AUs: 1" in details
    assert "Gaze: 0" in details
