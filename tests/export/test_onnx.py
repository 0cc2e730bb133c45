"""Exported files say what their models say, at every length, in OpenVINO."""

import warnings
from dataclasses import replace
from itertools import product

import numpy as np
import onnx
import pytest
import torch
from tests.support.models import ENCODERS, FRAMEWORKS, ONE_WAY_ENCODERS

from wildaffect.core.errors import BadArtifact
from wildaffect.core.tasks import ABAW_TASKS, Task
from wildaffect.export.onnx import (
    LARGEST_DIFFERENCE,
    check_parity,
    to_onnx,
)
from wildaffect.models.build import TemporalModel, build_model
from wildaffect.models.frameworks import FrameworkConfig, HeadConfig, ModelConfig
from wildaffect.models.temporal.config import TemporalConfig
from wildaffect.runtime.network import Device, Network

FULLEST = FRAMEWORKS["share_bottom-hidden"]
DELAYS = {
    f"{name}-{delay_s}": replace(ENCODERS[name], delay_s=delay_s)
    for name in ONE_WAY_ENCODERS
    for delay_s in (0.0, 0.4)
}
FAST = [
    *[(name, "share_bottom-hidden") for name in ENCODERS],
    *[("gru", name) for name in FRAMEWORKS if name != "share_bottom-hidden"],
]
SQUARE = ("separate_encoders-label", "share_encoder-alone")
"""With `FULLEST`, every trunk and every feedback once."""
SLOW = [pair for pair in product(ENCODERS, SQUARE) if pair not in FAST]


def build(
    encoder: TemporalConfig,
    framework: FrameworkConfig = FULLEST,
    tasks: tuple[Task, ...] = ABAW_TASKS,
) -> TemporalModel:
    head = HeadConfig(hidden_dims=(8,))
    model = build_model(
        ModelConfig(encoder=encoder, framework=framework, head=head, tasks=tasks), 6
    )
    model.standardize(torch.linspace(-20, 50, 6), torch.tensor([0.0, 0.1, 1, 5, 30, 2]))
    return model


def worst(model: TemporalModel) -> float:
    return max(check_parity(model, to_onnx(model)).values())


@pytest.mark.parametrize(("encoder", "framework"), FAST)
def test_a_file_agrees_with_its_model(encoder: str, framework: str) -> None:
    assert worst(build(ENCODERS[encoder], FRAMEWORKS[framework])) < LARGEST_DIFFERENCE


@pytest.mark.slow
@pytest.mark.parametrize(("encoder", "framework"), SLOW)
def test_a_file_with_any_trunk_and_any_feedback_agrees_with_its_model(
    encoder: str, framework: str
) -> None:
    assert worst(build(ENCODERS[encoder], FRAMEWORKS[framework])) < LARGEST_DIFFERENCE


@pytest.mark.parametrize("encoder", DELAYS)
def test_a_file_with_a_delay_agrees_with_its_model(encoder: str) -> None:
    assert worst(build(DELAYS[encoder], FrameworkConfig())) < LARGEST_DIFFERENCE


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    torch.manual_seed(0)
    models = {name: build(config) for name, config in ENCODERS.items()}
    return {name: to_onnx(model) for name, model in models.items()}


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_file_names_what_it_takes_and_gives(
    encoder: str, files: dict[str, bytes]
) -> None:
    network = Network(files[encoder], device=Device())
    assert set(network.input_names) <= {"features", "lengths", "times_s"}
    assert network.input_widths["features"] == 6
    assert network.output_names == ABAW_TASKS
    inputs = {
        "features": np.zeros((1, 3, 6), np.float32),
        "lengths": np.array([3]),
        "times_s": np.arange(3, dtype=np.float32)[None] / 30,
    }
    outputs = network(*(inputs[name] for name in network.input_names))
    assert [output.shape for output in outputs] == [(1, 3), (1, 3), (1, 3, 8), (1, 3, 12)]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_file_is_whole_valid_and_small(encoder: str, files: dict[str, bytes]) -> None:
    model = onnx.load_from_string(files[encoder])
    onnx.checker.check_model(model, full_check=True)
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    parameters = sum(p.numel() for p in build(ENCODERS[encoder]).parameters())
    assert len(files[encoder]) < 4 * parameters + 200_000


@pytest.mark.parametrize("encoder", ["transformer", "gru-both-ways", "tcn"])
def test_rows_beyond_lengths_change_nothing_in_the_file_either(
    encoder: str, files: dict[str, bytes]
) -> None:
    network = Network(files[encoder], device=Device())
    features = np.random.default_rng(0).normal(size=(1, 9, 6)).astype(np.float32)
    times_s = np.arange(9, dtype=np.float32)[None] / 7
    outputs = []
    for fill in (0.0, 1e4):
        features[:, 6:] = fill
        inputs = {"features": features, "lengths": np.array([6]), "times_s": times_s}
        outputs.append(network(*(inputs[name] for name in network.input_names)))
    for before, after in zip(*outputs, strict=True):
        np.testing.assert_allclose(after[:, :6], before[:, :6], atol=1e-5)


def test_exporting_warns_of_nothing_prints_nothing_and_leaves_the_model_as_it_was(
    capfd: pytest.CaptureFixture[str],
) -> None:
    model = build(ENCODERS["gru"]).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        to_onnx(model)
    assert [str(warning.message) for warning in warned] == []
    assert capfd.readouterr() == ("", "")
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_two_exports_of_one_model_are_the_same_bytes() -> None:
    model = build(ENCODERS["rotary"])
    assert to_onnx(model) == to_onnx(model)


@pytest.mark.parametrize("task", ABAW_TASKS)
def test_a_model_of_one_task_is_exported(task: Task) -> None:
    model = build(ENCODERS["frame"], FrameworkConfig(), tasks=(task,))
    assert list(check_parity(model, to_onnx(model))) == [task]


def test_a_file_of_another_model_is_refused() -> None:
    model, other = build(ENCODERS["gru"]), build(ENCODERS["gru"])
    with pytest.raises(BadArtifact, match=r"exported network must be within 0\.0001 of"):
        check_parity(model, to_onnx(other))
