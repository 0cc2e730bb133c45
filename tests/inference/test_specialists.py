"""Artifacts whose members differ in tasks and in windows."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.calibration.ensembling import average
from wildaffect.core.errors import BadArtifact
from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS, Task
from wildaffect.core.windows import FRAME_WISE, CausalWindow, WindowSpec
from wildaffect.inference.artifact import load_artifact, network_file, write_artifact
from wildaffect.inference.manifest import ActionUnitOutput, Affine, ExpressionOutput, Member
from wildaffect.inference.model import Model
from wildaffect.inference.runs import build_stream, predict_rows
from wildaffect.runtime.network import Device

VALENCE = (Task.VALENCE,)
OTHERS = (Task.AROUSAL, Task.EXPRESSION, Task.ACTION_UNITS)
LONG = WindowSpec(length_s=1.0, stride_s=0.5, max_gap_s=0.5)
SHORT = WindowSpec(length_s=0.4, stride_s=0.2, max_gap_s=0.4)
CAUSAL = CausalWindow(length_s=0.6, delay_s=0.2, max_gap_s=0.5)
TIMES = np.concatenate([np.arange(50), 90 + np.arange(20)]) / 30
ROWS = np.random.default_rng(0).uniform(-1, 1, (70, 3)).astype(np.float32)


@pytest.fixture
def member(averaging, constant):
    """Make a member and its file: one that averages yaw over its window, or a constant."""

    def make(name, kind="averaging", **fields):
        path = averaging / "member0.onnx"
        content = path.read_bytes() if kind == "averaging" else constant(3)
        return Member(network=network_file(name, content), **fields), (name, content)

    return make


@pytest.fixture
def model(tmp_path, averaging):
    """Load an artifact of these members: `model(member(...), ..., **manifest fields)`."""

    def make(*members, **fields):
        manifest = load_artifact(averaging).manifest
        changed = {"members": tuple(member for member, _ in members)} | fields
        folder = tmp_path / "specialists"
        write_artifact(folder, replace(manifest, **changed), dict(f for _, f in members))
        return Model(load_artifact(folder), Device())

    return make


def offline(model):
    return predict_rows(
        model, "clip", frame_number=np.arange(70), time_s=TIMES, features=ROWS
    )


@pytest.mark.parametrize("rate_hz", [None, 10.0])
def test_members_run_over_their_own_windows_and_are_averaged_by_weight(
    member, model, rate_hz
):
    moved = {Task.VALENCE: Affine(scale=0.5, offset=0.1)}
    members = [
        member("a.onnx", weight=3.0),
        member("b.onnx", window=SHORT, rescaled=moved),
        member("c.onnx", window=CAUSAL),
        member("d.onnx", window=LONG, weight=2.0),
    ]
    together = model(*members, rate_hz=rate_hz)
    assert len(together.window_groups) == 3
    model_outputs = offline(together)
    alone = [offline(model(item, rate_hz=rate_hz)) for item in members]
    (expected,) = average([(item,) for item in alone], [3.0, 1.0, 1.0, 2.0])
    for kind in ("probs", "spread"):
        np.testing.assert_allclose(
            getattr(model_outputs, kind)[Task.VALENCE],
            getattr(expected, kind)[Task.VALENCE],
            atol=1e-6,
        )


def test_rows_one_by_one_get_what_all_at_once_get(member, model):
    together = model(
        member("a.onnx"), member("b.onnx", window=SHORT), member("c.onnx", window=CAUSAL)
    )
    stream = build_stream(together)
    parts = [stream.push(TIMES[i : i + 1], ROWS[i : i + 1]) for i in range(70)]
    parts = [part for part in [*parts, stream.flush()] if len(part.times_s)]
    np.testing.assert_array_equal(np.concatenate([p.times_s for p in parts]), TIMES)
    column = together.layout.columns["valence"].start
    np.testing.assert_array_equal(
        offline(together).probs[Task.VALENCE],
        np.concatenate([part.outputs for part in parts])[:, column],
    )


def test_each_task_comes_from_the_members_that_predict_it(member, model):
    fields = {
        "predicts_arousal": True,
        "expression": ExpressionOutput(
            space=ABAW_EXPRESSIONS, predicted=("Neutral", "Happiness")
        ),
        "action_units": ActionUnitOutput(
            space=ABAW_ACTION_UNITS, predicted=("AU04", "AU12")
        ),
    }
    valence = member("a.onnx", tasks=VALENCE)
    others = member("b.onnx", "constant", tasks=OTHERS, window=FRAME_WISE, weight=5.0)
    model_outputs = offline(model(valence, others, **fields, rate_hz=10.0))
    alone = offline(model(member("a.onnx"), rate_hz=10.0))
    np.testing.assert_allclose(model_outputs.probs[Task.VALENCE], alone.probs[Task.VALENCE])
    np.testing.assert_allclose(model_outputs.probs[Task.AROUSAL], -0.5)
    assert model_outputs.probs[Task.EXPRESSION].shape == (70, 2)
    assert not model_outputs.spread  # no task has two members


def test_a_member_that_sees_rows_alone_runs_on_every_row_beside_slower_ones(member, model):
    alone = member("b.onnx", window=FRAME_WISE)
    together = model(member("a.onnx", weight=1e-9), alone, rate_hz=10.0)
    np.testing.assert_allclose(offline(together).probs[Task.VALENCE], ROWS[:, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tasks": ()}, r"tasks of a.onnx must be some .* got none"),
        ({"tasks": (Task.AROUSAL,)}, r"tasks of a.onnx must be some .* got arousal"),
        ({"tasks": VALENCE * 2}, r"each once, got valence, valence"),
        (
            {"tasks": VALENCE, "rescaled": {Task.AROUSAL: Affine()}},
            r"rescaled of a.onnx must be of its tasks \(valence\), got arousal",
        ),
    ],
)
def test_tasks_that_do_not_fit_the_manifest_are_refused(member, model, fields, message):
    with pytest.raises(BadArtifact, match=message):
        model(member("a.onnx", **fields))


def test_a_task_without_a_member_is_refused(member, model):
    with pytest.raises(BadArtifact, match="arousal must be predicted by a member"):
        model(member("a.onnx", tasks=VALENCE), predicts_arousal=True)


def test_gaps_of_every_window_must_span_two_steps(member, model):
    narrow = replace(SHORT, max_gap_s=0.1)
    with pytest.raises(BadArtifact, match=r"max_gap_s of the window must be .* 0\.2 s"):
        model(member("a.onnx"), member("b.onnx", window=narrow), rate_hz=10.0)


def test_members_without_fields_of_their_own_are_written_without_them(
    member, model, tmp_path
):
    model(member("a.onnx"), member("b.onnx", tasks=VALENCE))
    text = (tmp_path / "specialists" / "artefact.json").read_text()
    assert text.count('"tasks"') == 1
    assert text.count('"window"') == 1  # the manifest's
