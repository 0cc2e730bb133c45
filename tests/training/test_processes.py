"""Several processes on one machine, joined over loopback as `torchrun` joins them."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from wildaffect.training.checkpoint import load_weights

WORKER = Path(__file__).with_name("worker.py")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def train_together(
    folder: Path, variant: str, num_processes: int, *, num_machines: int = 1
) -> dict[str, torch.Tensor]:
    """Train in this many processes at once and return the weights of the run."""
    port = free_port()
    per_machine = num_processes // num_machines
    started = [
        subprocess.Popen(
            [sys.executable, str(WORKER), str(folder), variant],
            env=os.environ
            | {
                "RANK": str(rank),
                "WORLD_SIZE": str(num_processes),
                "LOCAL_RANK": str(rank % per_machine),
                "LOCAL_WORLD_SIZE": str(per_machine),
                "GROUP_RANK": str(rank // per_machine),
                "GROUP_WORLD_SIZE": str(num_machines),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(num_processes)
    ]
    try:
        said = [one.communicate(timeout=240)[0] for one in started]
    finally:
        for one in started:
            one.kill()
    assert [one.returncode for one in started] == [0] * num_processes, "\n".join(said)
    return load_weights(folder / "weights.safetensors")


def assert_close(one, other):
    """Compare to 1e-5 of a tensor's largest value; a run moves it far more."""
    assert one.keys() == other.keys()
    for name, values in one.items():
        scale = values.abs().max().clamp(min=1e-3)
        assert (values - other[name]).abs().max() / scale < 1e-5, name


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["ccc", "uncertainty", "label-feedback", "inner"])
def test_two_processes_learn_what_one_learns(tmp_path, variant):
    alone = train_together(tmp_path / "alone", variant, 1)
    both = train_together(tmp_path / "both", variant, 2)
    assert_close(alone, both)


@pytest.mark.slow
def test_two_machines_of_one_process_learn_what_one_process_learns(tmp_path):
    alone = train_together(tmp_path / "alone", "ccc", 1)
    apart = train_together(tmp_path / "apart", "ccc", 2, num_machines=2)
    assert_close(alone, apart)


@pytest.mark.slow
def test_two_processes_that_were_killed_go_on_to_the_same_bits(tmp_path):
    whole = train_together(tmp_path / "whole", "dropout", 2)
    with pytest.raises(AssertionError, match="Killed"):
        train_together(tmp_path / "stopped", "dropout-killed", 2)
    assert (tmp_path / "stopped" / "checkpoint").exists()
    resumed = train_together(tmp_path / "stopped", "dropout", 2)
    for name, values in whole.items():
        assert torch.equal(values, resumed[name]), name
