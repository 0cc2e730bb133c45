"""Training on crops in several processes, joined over loopback as `torchrun` joins them."""

import pytest
import torch

KINDS = ("finetune", "pretrain")


@pytest.fixture
def train(start_together, labeled):
    return start_together


@pytest.fixture(scope="module")
def undisturbed(start_together, labeled_once):
    """The weights of a variant that this many processes train to its end, trained once."""
    trained = {}

    def weights(variant, num_processes):
        name = f"{variant}-{num_processes}"
        if name not in trained:
            folder = labeled_once.parent / name
            trained[name] = start_together(folder, variant, num_processes)
        return trained[name]

    return weights


@pytest.mark.slow
@pytest.mark.parametrize("variant", [*KINDS, "finetune-learned"])
def test_two_processes_learn_what_one_learns(undisturbed, assert_close, variant):
    assert_close(undisturbed(variant, 1), undisturbed(variant, 2))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_learn_in_micro_batches_what_one_learns_at_once(
    undisturbed, assert_close, kind
):
    assert_close(undisturbed(kind, 1), undisturbed(f"{kind}-portions", 2))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["shards", "shards-portions"])
def test_shards_learn_what_one_whole_model_learns(undisturbed, assert_close, kind, way):
    assert_close(undisturbed(kind, 1), undisturbed(f"{kind}-{way}", 2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "plain"),
    [
        ("learned", "finetune-learned"),
        ("frozen", "finetune-frozen"),
        ("recompute", "finetune"),
    ],
)
def test_shards_learn_the_same_with_learned_task_weighting_frozen_stages_and_recomputing(
    undisturbed, assert_close, way, plain
):
    assert_close(undisturbed(plain, 1), undisturbed(f"finetune-shards-{way}", 2))


@pytest.mark.slow
def test_shards_are_not_compiled(train, tmp_path):
    with pytest.raises(AssertionError, match="fsdp does not support compile"):
        train(tmp_path / "run", "finetune-shards-compiled", 2)


@pytest.mark.slow
def test_shards_train_in_bfloat16_and_keep_float32(train, tmp_path):
    weights = train(tmp_path / "run", "finetune-shards-bf16", 2)
    assert {weight.dtype for weight in weights.values()} == {torch.float32}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["finetune-dropout", "pretrain"])
def test_a_process_that_is_killed_again_and_again_ends_with_the_same_bits(
    train, undisturbed, tmp_path, kind
):
    for step in (2, 5, 8):  # within epochs, and at the end of one
        with pytest.raises(AssertionError, match="-9"):
            train(tmp_path / "killed", kind, 1, kill_at=step)
    resumed = train(tmp_path / "killed", kind, 1)
    for name, values in undisturbed(kind, 1).items():
        assert torch.equal(values, resumed[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["finetune-dropout", "pretrain", "finetune-shards"])
def test_two_processes_that_are_killed_go_on_to_the_same_bits(
    train, undisturbed, tmp_path, kind
):
    with pytest.raises(AssertionError, match="-9"):
        train(tmp_path / "killed", kind, 2, kill_at=7)
    resumed = train(tmp_path / "killed", kind, 2)
    for name, values in undisturbed(kind, 2).items():
        assert torch.equal(values, resumed[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_in_shards_goes_on_in_one_process(
    train, undisturbed, assert_close, tmp_path, kind
):
    with pytest.raises(AssertionError, match="-9"):
        train(tmp_path / "killed", f"{kind}-shards", 2, kill_at=5)
    assert_close(undisturbed(kind, 1), train(tmp_path / "killed", kind, 1))
