"""The methods paragraph states what sidecars and rows say; expected values are by hand."""

import json

import pyarrow as pa
import pytest

from wildaffect.cli.main import main
from wildaffect.core.faces import Status
from wildaffect.core.results import FaceResult
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.methods import TO_ADD, describe_result, methods_text
from wildaffect.outputs.sidecar import Provenance, sidecar_path
from wildaffect.outputs.table import TableWriter

SIDECAR = {
    "wildaffect_version": "0.9.0",
    "columns": [{"name": "AU12_present", "threshold": 0.239}, {"name": "AU12"}],
    "source": {
        "codec": "h264",
        "width": 640,
        "height": 360,
        "fps": 25.0,
        "duration_s": 8.0,
    },
    "artifact": {
        "name": "m",
        "version": "3",
        "sha256": "abcdef0123456789",
        "sources": [{"name": "a set", "license": "CC0-1.0"}],
    },
    "options": {
        "every": 1,
        "start_s": None,
        "stop_s": None,
        "neutral": {"policy": "estimated", "source": "calm frames of each track"},
    },
    "complete": True,
}


def described(statuses, frames=None, **changes):
    frames = range(len(statuses)) if frames is None else frames
    table = pa.table({"frame": list(frames), "status": list(statuses)})
    return describe_result(SIDECAR | changes, table)


def test_version_model_material_settings_and_missing_faces_are_stated():
    # Frames 0 to 3, two faces in 3: 1 of 4 frames has no face; 1 of 4 faces is unread.
    first = described(["ok", "no_face", "ok", "ok", "low_quality"], [0, 1, 2, 3, 3])
    text = methods_text([first])
    for part in (
        "wildaffect 0.9.0. The model was m 3 (sha256 abcdef012345).",
        "Model m was made from a set: CC0-1.0.",
        "1 source (1 of h264, 640 x 360 px, 25 frames per second; 8 s of video in all).",
        "Every frame was read.",
        "each person's face at rest, estimated from calm frames of each track.",
        "Of 4 frames, 25.0% had no face; of 4 faces in the others, 25.0% were of too low",
        "Thresholds of presence: AU12 0.24.",
        "not what a person feels.",
    ):
        assert part in text
    assert [line for line in text.splitlines() if line.startswith("- ")] == [
        f"- {item}" for item in TO_ADD
    ]


def test_settings_that_differ_are_all_stated():
    options = SIDECAR["options"]
    given = {"policy": "given", "source": "this video", "start_s": 0.0, "stop_s": 2.0}
    text = methods_text(
        [
            described(["ok"]),
            described(
                ["no_face"],
                options=options | {"every": 5, "stop_s": 60.0, "neutral": given},
                wildaffect_version="0.9.1",
                complete=False,
            ),
        ]
    )
    assert "wildaffect 0.9.0, 0.9.1. The model was m 3 (" in text
    assert "Every frame was read. Of each, one of 5 frames until 60 s was read." in text
    assert (
        "Faces were measured against a neutral face that was given (this video, 0 s "
        in text
    )
    assert "1 source could not be read to the end." in text
    assert "2 sources (2 of h264, " in text
    assert "16 s of video in all" in text


def test_without_a_face_no_share_of_faces_is_stated():
    assert "Of 1 frame, 100.0% had no face." in methods_text([described(["no_face"])])


def test_photographs_and_models_without_a_neutral_face_claim_no_estimate():
    options = SIDECAR["options"] | {"images": "stills"}
    source = {"codec": "images", "width": 512, "height": 512, "fps": None}
    stills = methods_text([described(["ok"], options=options, source=source)])
    assert "against the average face at rest of a population, as photographs" in stills
    assert "calm frames" not in stills
    both = methods_text(
        [described(["ok"]), described(["ok"], options=options, source=source)]
    )
    assert "Faces were measured against each person's face at rest" in both
    assert "Faces in photographs were measured against the average face at rest" in both
    unused = {"policy": "unused", "source": None}
    text = methods_text([described(["ok"], options=options | {"neutral": unused})])
    assert "measured against" not in text


@pytest.fixture
def bare(tmp_path):
    """Return a result whose sidecar names no model."""
    path = tmp_path / "clip.csv"
    with TableWriter(path, result_schema(), Provenance()) as table:
        table.write([FaceResult(frame_index=0, time_s=0.0, status=Status.NO_FACE)])
    return path


def test_a_result_that_does_not_say_how_it_was_made_is_refused(bare, capsys):
    assert main(["methods", str(bare)]) == 1
    assert (
        "must describe how the result was made, got no artifact" in capsys.readouterr().err
    )
    sidecar_path(bare).unlink()
    assert main(["methods", str(bare)]) == 1
    assert "must describe how the result was made, got none" in capsys.readouterr().err


def test_a_result_without_rows_is_refused(bare, capsys):
    bare.write_text(bare.read_text().splitlines()[0] + "\n")
    document = json.loads(sidecar_path(bare).read_text())
    sidecar_path(bare).write_text(
        json.dumps(document | SIDECAR | {"columns": document["columns"]})
    )
    assert main(["methods", str(bare)]) == 1
    assert "must have rows, got none" in capsys.readouterr().err
