from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from wildaffect.core.errors import BadArtifact
from wildaffect.core.faces import Status
from wildaffect.core.results import Affect, FaceResult
from wildaffect.core.tasks import LabelSpace, LabelSpaces, Task
from wildaffect.core.windows import WindowSpec
from wildaffect.export.artifact import Title, build_artifact
from wildaffect.export.onnx import check_parity, to_onnx
from wildaffect.export.pixels import TorchNetwork, clip_frames, compare_rows, pixel_parity
from wildaffect.inference.calibration import Calibration
from wildaffect.training.temporal.ensembles import Ensemble, EnsembleMember, load_ensemble
from wildaffect.training.temporal.runs import load_run

TITLE = Title(name="toy", version="1", license="CC0-1.0")


@pytest.fixture
def exported(make_run):
    """An artifact in memory and the model that it was made of."""
    ensemble = load_ensemble(make_run())
    model = ensemble.members[0].trained.model
    content = to_onnx(model)
    return build_artifact(ensemble, [content], TITLE), model


@pytest.mark.slow
def test_analysis_says_the_same_with_the_file_and_with_the_model(exported):
    artifact, model = exported
    parity = pixel_parity(artifact, [model], islice(clip_frames(None), 6))
    assert parity.num_rows == 6
    assert max(parity.largest.values()) < 1e-5


@pytest.mark.slow
def test_analysis_says_the_same_with_specialists_of_different_windows(make_run):
    every = load_run(make_run()).recipe.model
    parts = {(Task.VALENCE, Task.AROUSAL): 2.0, (Task.EXPRESSION, Task.ACTION_UNITS): 0.5}
    runs = [
        load_run(
            make_run(
                f"run{index}",
                seed=index,
                model=replace(every, tasks=tasks),
                window=WindowSpec(length_s=length_s, stride_s=0.5, max_gap_s=0.5),
            )
        )
        for index, (tasks, length_s) in enumerate(parts.items())
    ]
    ensemble = Ensemble(
        folder=runs[0].run.folder,
        members=tuple(EnsembleMember(trained=item) for item in runs),
        calibration=Calibration(),
    )
    contents = [to_onnx(item.model) for item in runs]
    for run, content in zip(runs, contents, strict=True):
        assert set(check_parity(run.model, content)) == set(run.recipe.model.tasks)
    artifact = build_artifact(ensemble, contents, TITLE)
    models = [item.model for item in runs]
    parity = pixel_parity(artifact, models, islice(clip_frames(None), 6))
    assert parity.num_rows == 6
    assert max(parity.largest.values()) < 1e-5


@pytest.mark.slow
def test_a_file_of_other_weights_is_refused(exported):
    artifact, model = exported
    with torch.no_grad():
        model.heads["valence"].output.bias += 0.01
    with pytest.raises(BadArtifact, match=r"valence of the analyzed clip .* got 0\.0"):
        pixel_parity(artifact, [model], islice(clip_frames(None), 6))


TWO = LabelSpaces(action_units=LabelSpace(name="two", labels=("AU01", "AU02")))


def row(**values) -> FaceResult:
    return FaceResult(
        frame_index=3, time_s=0.1, status=Status.OK, affect=Affect(**values, spaces=TWO)
    )


def test_rows_are_compared_value_by_value():
    probs = np.float32([0.25, np.nan])
    mine = row(valence=0.5, action_unit_probs=probs)
    other = row(valence=0.5004, action_unit_probs=probs + np.float32(0.0002))
    parity = compare_rows([mine], [other])
    assert parity.num_rows == 1
    assert parity.largest["valence"] == pytest.approx(4e-4)
    assert parity.largest["action_unit_probs"] == pytest.approx(2e-4, rel=1e-3)
    assert parity.largest["arousal"] == 0.0


def test_rows_that_differ_by_more_than_allowed_are_refused():
    with pytest.raises(BadArtifact, match="valence of the analyzed clip must be within"):
        compare_rows([row(valence=0.5)], [row(valence=0.502)])


def test_a_value_that_only_one_analysis_gives_is_refused():
    with pytest.raises(BadArtifact, match=r"arousal of .* got inf"):
        compare_rows([row(arousal=0.5)], [row()])


def test_affect_that_only_one_analysis_gives_is_refused():
    silent = FaceResult(frame_index=3, time_s=0.1, status=Status.LOW_QUALITY)
    with pytest.raises(BadArtifact, match="frame 3 has affect in only one of the analyses"):
        compare_rows([row()], [silent])


def test_a_clip_without_a_face_proves_nothing():
    empty = FaceResult(frame_index=0, time_s=0.0, status=Status.NO_FACE)
    with pytest.raises(BadArtifact, match="the clip of the parity check shows no face"):
        compare_rows([empty], [empty])


def test_a_model_in_the_place_of_a_file_answers_by_name(exported):
    _, model = exported
    network = TorchNetwork(model)
    rows = np.zeros((1, 4, model.input_dim), np.float32)
    times_s = np.arange(4, dtype=np.float32)[None]
    values = dict(
        zip(network.output_names, network(rows, np.array([4]), times_s), strict=True)
    )
    assert values["valence"].shape == (1, 4)
    assert values["action_units"].shape == (1, 4, 12)
