import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

GOLDEN = Path(__file__).parents[1] / "golden" / "backbones"


@pytest.fixture(autouse=True, scope="session")
def one_torch_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def formula() -> dict[str, Callable]:
    """Functions of the formula from which golden values were made."""
    return runpy.run_path(str(GOLDEN / "weights_formula.py"))


@pytest.fixture
def fill(formula: dict[str, Callable]) -> Callable[[nn.Module], nn.Module]:
    """Return a function that gives a network the weights of the formula."""

    def filled(network: nn.Module) -> nn.Module:
        learnt = {
            key: tuple(value.shape)
            for key, value in network.state_dict().items()
            if not key.endswith("pos_embed")
        }
        state = {k: torch.as_tensor(v) for k, v in formula["formula_state"](learnt).items()}
        missing, unexpected = network.load_state_dict(state, strict=False)
        assert not unexpected
        assert all(key.endswith("pos_embed") for key in missing)
        return network.eval()

    return filled
