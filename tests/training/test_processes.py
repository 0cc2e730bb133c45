"""Several processes on one machine, joined over loopback as `torchrun` joins them."""

from functools import partial
from pathlib import Path

import pytest
import torch

WORKER = Path(__file__).with_name("worker.py")


@pytest.fixture
def train_together(start_together):
    return partial(start_together, WORKER)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["ccc", "uncertainty", "label-feedback", "inner"])
def test_two_processes_learn_what_one_learns(
    train_together, assert_close, tmp_path, variant
):
    alone = train_together(tmp_path / "alone", variant, 1)
    both = train_together(tmp_path / "both", variant, 2)
    assert_close(alone, both)


@pytest.mark.slow
def test_two_machines_of_one_process_learn_what_one_process_learns(
    train_together, assert_close, tmp_path
):
    alone = train_together(tmp_path / "alone", "ccc", 1)
    apart = train_together(tmp_path / "apart", "ccc", 2, num_machines=2)
    assert_close(alone, apart)


@pytest.mark.slow
def test_two_processes_that_were_killed_go_on_to_the_same_bits(train_together, tmp_path):
    whole = train_together(tmp_path / "whole", "dropout", 2)
    with pytest.raises(AssertionError, match="Killed"):
        train_together(tmp_path / "stopped", "dropout-killed", 2)
    assert (tmp_path / "stopped" / "checkpoint").exists()
    resumed = train_together(tmp_path / "stopped", "dropout", 2)
    for name, values in whole.items():
        assert torch.equal(values, resumed[name]), name
