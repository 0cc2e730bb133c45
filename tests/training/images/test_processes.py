"""Training on crops in several processes, joined over loopback as `torchrun` joins them."""

from functools import partial
from pathlib import Path

import pytest
import torch

WORKER = Path(__file__).with_name("worker.py")
KINDS = ("finetune", "pretrain")


@pytest.fixture
def train(start_together, labelled):
    return partial(start_together, WORKER)


@pytest.fixture
def kill_at(monkeypatch):
    return lambda step: monkeypatch.setenv("KILL_AT", str(step))


@pytest.mark.slow
@pytest.mark.parametrize("variant", [*KINDS, "finetune-learnt"])
def test_two_processes_learn_what_one_learns(train, assert_close, tmp_path, variant):
    alone = train(tmp_path / "alone", variant, 1)
    both = train(tmp_path / "both", variant, 2)
    assert_close(alone, both)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_learn_in_portions_what_one_learns_at_once(
    train, assert_close, tmp_path, kind
):
    alone = train(tmp_path / "alone", kind, 1)
    both = train(tmp_path / "both", f"{kind}-portions", 2)
    assert_close(alone, both)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["shards", "shards-portions"])
def test_shards_learn_what_one_whole_model_learns(train, assert_close, tmp_path, kind, way):
    alone = train(tmp_path / "alone", kind, 1)
    both = train(tmp_path / "both", f"{kind}-{way}", 2)
    assert_close(alone, both)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "plain"),
    [
        ("learnt", "finetune-learnt"),
        ("frozen", "finetune-frozen"),
        ("recompute", "finetune"),
    ],
)
def test_shards_learn_the_same_with_learnt_weighing_frozen_stages_and_recomputing(
    train, assert_close, tmp_path, way, plain
):
    alone = train(tmp_path / "alone", plain, 1)
    both = train(tmp_path / "both", f"finetune-shards-{way}", 2)
    assert_close(alone, both)


@pytest.mark.slow
def test_shards_are_not_compiled(train, tmp_path):
    with pytest.raises(AssertionError, match="fsdp must not be compiled"):
        train(tmp_path / "run", "finetune-shards-compiled", 2)


@pytest.mark.slow
def test_shards_train_in_bfloat16_and_keep_float32(train, tmp_path):
    weights = train(tmp_path / "run", "finetune-shards-bf16", 2)
    assert {one.dtype for one in weights.values()} == {torch.float32}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["finetune-dropout", "pretrain"])
def test_a_process_that_is_killed_again_and_again_ends_with_the_same_bits(
    train, kill_at, tmp_path, kind
):
    whole = train(tmp_path / "whole", kind, 1)
    for step in (2, 5, 8):  # within epochs, and at the end of one
        kill_at(step)
        with pytest.raises(AssertionError, match="-9"):
            train(tmp_path / "killed", kind, 1)
    kill_at(0)
    resumed = train(tmp_path / "killed", kind, 1)
    for name, values in whole.items():
        assert torch.equal(values, resumed[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["finetune-dropout", "pretrain", "finetune-shards"])
def test_two_processes_that_are_killed_go_on_to_the_same_bits(
    train, kill_at, tmp_path, kind
):
    whole = train(tmp_path / "whole", kind, 2)
    kill_at(7)
    with pytest.raises(AssertionError, match="-9"):
        train(tmp_path / "killed", kind, 2)
    kill_at(0)
    resumed = train(tmp_path / "killed", kind, 2)
    for name, values in whole.items():
        assert torch.equal(values, resumed[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_in_shards_goes_on_in_one_process(
    train, kill_at, assert_close, tmp_path, kind
):
    whole = train(tmp_path / "whole", kind, 1)
    kill_at(5)
    with pytest.raises(AssertionError, match="-9"):
        train(tmp_path / "killed", f"{kind}-shards", 2)
    kill_at(0)
    assert_close(whole, train(tmp_path / "killed", kind, 1))
