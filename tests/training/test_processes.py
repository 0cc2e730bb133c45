"""Several processes on one config, joined over loopback as `torchrun` joins them."""

import pytest
import torch


@pytest.mark.slow
@pytest.mark.parametrize(
    "variant", ["ccc", "uncertainty", "label-feedback", "late-fusion", "dev"]
)
def test_two_processes_learn_what_one_learns(
    start_together, assert_close, tmp_path, variant
):
    alone = start_together(tmp_path / "alone", variant, 1)
    both = start_together(tmp_path / "both", variant, 2)
    assert_close(alone, both)


@pytest.mark.slow
def test_two_machines_of_one_process_learn_what_one_process_learns(
    start_together, assert_close, tmp_path
):
    alone = start_together(tmp_path / "alone", "ccc", 1)
    apart = start_together(tmp_path / "apart", "ccc", 2, num_machines=2)
    assert_close(alone, apart)


@pytest.mark.slow
def test_two_processes_that_were_killed_go_on_to_the_same_bits(start_together, tmp_path):
    whole = start_together(tmp_path / "whole", "dropout", 2)
    with pytest.raises(AssertionError, match="Killed"):
        start_together(tmp_path / "stopped", "dropout-killed", 2)
    assert (tmp_path / "stopped" / "checkpoint").exists()
    resumed = start_together(tmp_path / "stopped", "dropout", 2)
    for name, values in whole.items():
        assert torch.equal(values, resumed[name]), name
