"""`wildaffect stream` as a user runs it; a played clip stands in for a camera."""

import json
import signal
import socket

import pytest

from wildaffect.cli.main import main
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table

pytestmark = pytest.mark.e2e


def test_a_played_clip_arrives_as_lines_and_as_a_table(clip, tmp_path, capfd):
    table = tmp_path / "session.csv"
    assert main(["stream", str(clip), "--to", "-", "--to", str(table), "--quiet"]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    frames = [row["frame"] for row in rows]
    assert frames == sorted(set(frames))
    assert frames[-1] == 19  # the newest frame is never dropped
    assert {row["source"] for row in rows} == {"face.mp4"}
    assert read_table(table)["frame"].to_pylist() == frames
    assert read_sidecar(table)["complete"]
    assert rows[-1]["status"] == "ok"
    assert -1 <= rows[-1]["valence"] <= 1


def test_ctrl_c_ends_an_endless_source_with_a_complete_table(
    clip, tmp_path, in_child, takes_interrupts
):
    table = tmp_path / "session.jsonl"
    child = in_child("stream", clip, "--loop", "--to", "-", "--to", table)
    frames = [json.loads(child.stdout.readline())["frame"] for _ in range(12)]
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    frames += [json.loads(line)["frame"] for line in out.splitlines()]
    recorded = read_table(table)["frame"].to_pylist()
    assert recorded == frames[: len(recorded)]
    assert len(frames) - len(recorded) <= 1  # the row between two receivers
    assert read_sidecar(table)["complete"]
    assert "ms after their frames" in err


def test_a_closed_pipe_ends_the_command_quietly(clip, in_child):
    child = in_child("stream", clip, "--loop", "--quiet")
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(timeout=60) == 141
    assert child.stderr.read() == ""
    child.stderr.close()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["CLIP", "--to", "wss://a:1"], "did you mean ws?"),
        (["clip.mp4"], "clip.mp4: no such file or folder"),
        (["0", "--loop"], "loop: source must be a file, got 0"),
        (["CLIP", "--neutral", "0-1"], "neutral"),
        (["CLIP", "--to", "ws://127.0.0.1:TAKEN"], "choose another port"),
        (["CLIP", "--to", "osc://no-such-host.invalid:1"], "host must be known"),
        (["CLIP", "--to", "ws://0.0.0.0:1/?token=x"], "file and give --token-file token"),
        (["CLIP", "--to", "ws://0.0.0.0:1"], "got none; give --token-file token.txt"),
        (["CLIP", "--token-file", "TAKEN.csv"], "TAKEN.csv: token file must go with a"),
        (
            ["CLIP", "--to", "ws://0.0.0.0:1", "--token-file", "no.txt"],
            "no.txt: token file must be readable text",
        ),
        (["CLIP", "--to", "TAKEN.csv"], "a file that is not the result of this input"),
    ],
)
def test_wrong_input_is_named(clip, tmp_path, monkeypatch, capfd, args, message):
    monkeypatch.delenv("WILDAFFECT_TOKEN", raising=False)
    if "choose another port" in message or "host must be known" in message:
        pytest.importorskip("websockets")
        pytest.importorskip("pythonosc")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "TAKEN.csv").write_text("mine")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [
            each.replace("CLIP", str(clip)).replace(":TAKEN", f":{port}") for each in args
        ]
        assert main(["stream", *given]) in (1, 2)
    printed = capfd.readouterr()
    assert message in printed.err
    assert printed.out == ""
    assert (tmp_path / "TAKEN.csv").read_text() == "mine"


@pytest.mark.parametrize("address", ["ws://127.0.0.1:1", "osc://127.0.0.1:1", "lsl:a"])
def test_a_receiver_without_its_package_names_the_extra(clip, in_child, address):
    hidden = "dict.fromkeys(['websockets', 'pythonosc', 'pylsl'])"
    child = in_child(
        "stream", clip, "--to", address, before=f"import sys; sys.modules.update({hidden})"
    )
    _, err = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "run: pip install 'wildaffect[live]'" in err
