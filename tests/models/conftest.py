"""Small encoders, frameworks and windows; every contract test runs over them."""

import runpy
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from tests.support.models import ENCODERS, FRAMEWORKS, ONE_WAY_ENCODERS
from torch import Tensor, nn

from wildaffect.core.tasks import ABAW_TASKS, Task
from wildaffect.models.build import TemporalModel, build_model
from wildaffect.models.feedback import GroundTruth
from wildaffect.models.frameworks import FrameworkConfig, HeadConfig, ModelConfig
from wildaffect.models.temporal.config import TemporalConfig

GOLDEN = Path(__file__).parents[1] / "golden" / "backbones"
NUM_FEATURES = 5


class Window(NamedTuple):
    """What a model takes."""

    features: Tensor
    lengths: Tensor
    times_s: Tensor


class Labels(NamedTuple):
    """What a loss takes beside outputs."""

    targets: dict[Task, Tensor]
    valid: dict[Task, Tensor]


@pytest.fixture(autouse=True)
def seed() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=ENCODERS)
def encoder(request: pytest.FixtureRequest) -> TemporalConfig:
    return ENCODERS[request.param]


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> FrameworkConfig:
    return FRAMEWORKS[request.param]


@pytest.fixture(params=ONE_WAY_ENCODERS)
def one_way_encoder(request: pytest.FixtureRequest) -> TemporalConfig:
    return ENCODERS[request.param]


@pytest.fixture(params=[0.0, 0.35], ids=["no delay", "delay"])
def causal_encoder(
    request: pytest.FixtureRequest, one_way_encoder: TemporalConfig
) -> TemporalConfig:
    return replace(one_way_encoder, delay_s=request.param)


@pytest.fixture
def make_window() -> Callable[..., Window]:
    """Make windows of irregular rows; padding is zero and repeats the last time."""

    def make(*lengths: int, num_features: int = NUM_FEATURES) -> Window:
        shape = (len(lengths), max(lengths))
        ends = torch.tensor(lengths)
        real = torch.arange(max(lengths)) < ends[:, None]
        times_s = (torch.rand(shape) * 0.3 + 0.03).cumsum(1)
        times_s = times_s - times_s[:, :1]
        last_s = times_s.gather(1, ends[:, None] - 1)
        features = torch.randn(*shape, num_features) * real[..., None]
        return Window(features, ends, torch.where(real, times_s, last_s))

    return make


@pytest.fixture
def make_labels() -> Callable[..., Labels]:
    """Make labels of half of the real rows, NaN or an impossible class elsewhere."""

    def make(window: Window, share: float = 0.5) -> Labels:
        shape = window.features.shape[:2]
        real = torch.arange(shape[1]) < window.lengths[:, None]
        valid = {
            Task.VALENCE: real & (torch.rand(shape) < share),
            Task.AROUSAL: real & (torch.rand(shape) < share),
            Task.EXPRESSION: real & (torch.rand(shape) < share),
            Task.ACTION_UNITS: real[..., None] & (torch.rand(*shape, 12) < share),
        }
        values = {
            Task.VALENCE: torch.rand(shape) * 2 - 1,
            Task.AROUSAL: torch.rand(shape) * 2 - 1,
            Task.EXPRESSION: torch.randint(0, 8, shape),
            Task.ACTION_UNITS: (torch.rand(*shape, 12) < 0.3).float(),
        }
        targets = {
            task: value.where(valid[task], -1 if task is Task.EXPRESSION else torch.nan)
            for task, value in values.items()
        }
        return Labels(targets, valid)

    return make


@pytest.fixture
def make_model() -> Callable[..., TemporalModel]:
    def make(
        encoder: TemporalConfig,
        framework: FrameworkConfig | None = None,
        tasks: tuple[Task, ...] = ABAW_TASKS,
    ) -> TemporalModel:
        config = ModelConfig(
            encoder=encoder,
            framework=framework or FrameworkConfig(),
            head=HeadConfig(hidden_dims=(8,), dropout=0.0),
            tasks=tasks,
        )
        return build_model(config, NUM_FEATURES)

    return make


@pytest.fixture
def truth() -> Callable[..., GroundTruth]:
    def tell(labels: Labels, share: float) -> GroundTruth:
        return GroundTruth(labels.targets, labels.valid, share)

    return tell


@pytest.fixture
def formula() -> dict[str, Callable]:
    """Functions of the formula from which golden values were made."""
    return runpy.run_path(str(GOLDEN / "weights_formula.py"))


@pytest.fixture
def fill(formula: dict[str, Callable]) -> Callable[[nn.Module], nn.Module]:
    """Return a function that gives a network the weights of the formula."""

    def filled(network: nn.Module) -> nn.Module:
        learned = {
            key: tuple(value.shape)
            for key, value in network.state_dict().items()
            if not key.endswith("pos_embed")
        }
        state = {
            k: torch.as_tensor(v) for k, v in formula["formula_state"](learned).items()
        }
        missing, unexpected = network.load_state_dict(state, strict=False)
        assert not unexpected
        assert all(key.endswith("pos_embed") for key in missing)
        return network.eval()

    return filled
