import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from wildaffect.core.columns import TaskColumn
from wildaffect.core.tasks import ABAW_TASKS, LabelSpaces, Task
from wildaffect.inference.calibration import Calibration
from wildaffect.losses.config import LossConfig, UncertaintyWeights
from wildaffect.models.build import build_model
from wildaffect.models.frameworks import (
    FrameworkConfig,
    HeadConfig,
    LabelFeedback,
    ModelConfig,
)
from wildaffect.models.temporal.config import GRUConfig, TransformerConfig
from wildaffect.training.core import trainer
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.loop import Diverged
from wildaffect.training.core.recipe import BestOnDevSplit, KeepLast, OptimConfig
from wildaffect.training.core.runs import read_metrics
from wildaffect.training.core.scores import task_scores
from wildaffect.training.core.trainer import OutOfMemory
from wildaffect.training.temporal.objective import TemporalObjective
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.score import video_statistics


class Killed(Exception):
    """Stands for the end of the process."""


def weights_of(run):
    return load_weights(run.weights)


def metrics_of(run):
    return [row | {"seconds": 0.0} for row in read_metrics(run)]


def assert_equal_weights(one, other):
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert torch.equal(values, other[name]), name


def test_the_loss_falls_from_epoch_to_epoch(fit, tiny):
    _, epochs = fit(tiny, num_epochs=8)
    losses = [epoch.loss for epoch in epochs]
    assert losses[-1] < 0.7 * losses[0]
    assert [epoch.number for epoch in epochs] == list(range(1, 9))


def test_a_small_set_is_overfitted(fit, tiny, sequences):
    some = sequences[:2]
    run, _ = fit(tiny, data=some, num_epochs=150, optim=OptimConfig(peak_lr=2e-2))
    model = build_model(tiny.model, some[0].features.shape[1])
    model.load_state_dict(weights_of(run))
    outputs = predict_sequences(model, some, tiny.window)
    found = video_statistics(some, outputs, Calibration(), LabelSpaces())
    scores = task_scores(found.pooled(), tiny.model.tasks)
    assert scores["valence"] > 0.95
    assert scores["arousal"] > 0.95
    assert scores["expression"] > 0.9
    assert scores["action_units"] > 0.9


def test_the_same_recipe_gives_the_same_weights_and_another_seed_others(fit, tiny):
    first, _ = fit(tiny, "a")
    again, _ = fit(tiny, "b")
    other, _ = fit(tiny, "c", seed=1)
    assert_equal_weights(weights_of(first), weights_of(again))
    assert not torch.equal(
        weights_of(first)["heads.valence.output.weight"],
        weights_of(other)["heads.valence.output.weight"],
    )


def test_what_stands_in_unlabeled_rows_and_rows_without_features_changes_no_weight(
    fit, tiny, sequences
):
    rng = np.random.default_rng(0)

    def spoil(one):
        wrong = {}
        for task in ABAW_TASKS:
            values, valid = one.targets[task].values, one.targets[task].valid
            usable = valid & (
                one.has_feature if valid.ndim == 1 else one.has_feature[:, None]
            )
            noise = rng.integers(0, 2, values.shape).astype(values.dtype)
            wrong[task] = TaskColumn(np.where(usable, values, noise), valid)
        features = np.where(
            one.has_feature[:, None], one.features, rng.normal(size=one.features.shape)
        )
        return replace(
            one,
            targets=replace(one.targets, **wrong),
            features=features.astype(np.float32),
        )

    clean, _ = fit(tiny, "clean")
    spoilt, _ = fit(tiny, "spoilt", data=[spoil(sequence) for sequence in sequences])
    assert_equal_weights(weights_of(clean), weights_of(spoilt))


def kill_after(num_steps):
    """Return a callback that ends the run when a step was taken beyond this many."""
    steps = itertools.count(1)

    def on_step_end(*_):
        if next(steps) > num_steps:
            raise Killed

    return on_step_end


DROPOUT = ModelConfig(
    encoder=GRUConfig(hidden_dim=12, num_layers=2, dropout=0.3),
    head=HeadConfig(hidden_dims=(12,), dropout=0.3),
)
VARIANTS = {
    "plain": {},
    "dropout in attention": {
        "model": ModelConfig(
            encoder=TransformerConfig(
                hidden_dim=8, head_dim=4, ffn_dim=8, num_layers=1, dropout=0.2
            ),
            head=HeadConfig(hidden_dims=(8,), dropout=0.2),
        )
    },
    "dropout, noise, running mean and dev split": {
        "model": DROPOUT,
        "ema_decay": 0.9,
        "input_noise": 0.1,
        "selection": BestOnDevSplit(share=0.3, patience_epochs=9),
    },
    "learned weights and fading label feedback": {
        "model": replace(
            DROPOUT,
            framework=FrameworkConfig(
                feedback=LabelFeedback(
                    sources={Task.AROUSAL: (Task.VALENCE, Task.ACTION_UNITS)},
                    embedding_dim=8,
                    truth_share=0.75,
                )
            ),
        ),
        "loss": LossConfig(task_weighting=UncertaintyWeights()),
        "decay_truth_share": True,
    },
}


@pytest.mark.parametrize("fields", VARIANTS.values(), ids=VARIANTS)
def test_a_run_killed_at_any_step_and_taken_up_ends_with_the_same_bits(
    fit, tiny, monkeypatch, fields
):
    fields = {"num_epochs": 2, "batch_size": 12, **fields}
    whole, epochs = fit(tiny, "whole", **fields)
    num_steps = [row["step"] for row in read_metrics(whole)][-1]
    assert num_steps >= 2 * len(epochs)  # some stops are within an epoch
    for stop in range(num_steps):
        # Checkpoints at the end of epochs alone, and after every step.
        monkeypatch.setattr(trainer, "EVERY_S", 60.0 * (stop % 2))
        with pytest.raises(Killed):
            fit(tiny, f"stopped-{stop}", on_step_end=kill_after(stop), **fields)
        resumed, rest = fit(tiny, f"stopped-{stop}", **fields)
        assert_equal_weights(weights_of(whole), weights_of(resumed))
        assert metrics_of(resumed) == metrics_of(whole)
        assert rest[-1].loss == epochs[-1].loss


def test_a_run_stopped_after_every_step_still_ends(fit, tiny, monkeypatch):
    whole, _ = fit(tiny, "whole")
    monkeypatch.setattr(trainer, "EVERY_S", 0.0)
    for _ in range(100):
        try:
            run, _ = fit(tiny, "stopped", on_step_end=kill_after(2))
            break
        except Killed:
            continue
    assert_equal_weights(weights_of(whole), weights_of(run))


def test_a_finished_run_is_left_as_it_is(fit, tiny):
    run, _ = fit(tiny)
    before = run.weights.stat().st_mtime_ns
    _, epochs = fit(tiny)
    assert epochs == []
    assert run.weights.stat().st_mtime_ns == before


def scored(*values):
    """Return an objective whose epochs have these scores, whatever was learned."""
    rest = iter(values)

    class Scored(TemporalObjective):
        def evaluate(self, model, epoch):
            return {"score": next(rest)}

    return Scored


def test_training_ends_when_no_epoch_was_better_for_a_while(fit, tiny):
    objective = scored(0.1, 0.4, 0.3, 0.4, 0.9)
    chosen = BestOnDevSplit(share=0.3, patience_epochs=2)
    run, epochs = fit(tiny, num_epochs=5, selection=chosen, make_objective=objective)
    assert [epoch.is_best for epoch in epochs] == [True, True, False, False]
    assert run.is_finished
    assert not run.best_weights.exists()


def test_the_weights_kept_are_those_of_the_best_epoch(fit, tiny):
    chosen = BestOnDevSplit(share=0.3, patience_epochs=9)
    fields = {"selection": chosen, "ema_decay": 0.9}
    second_best, last_best = scored(0.1, 0.4, 0.3, 0.2), scored(0.1, 0.2, 0.3, 0.4)
    best_of_four, _ = fit(tiny, "four", make_objective=second_best, num_epochs=4, **fields)
    last, _ = fit(tiny, "last", make_objective=last_best, num_epochs=4, **fields)
    assert not torch.equal(
        weights_of(best_of_four)["heads.valence.output.weight"],
        weights_of(last)["heads.valence.output.weight"],
    )
    fields["optim"] = OptimConfig(peak_lr=1e-2, warmup_ratio=0.0, constant_ratio=1.0)
    rising, falling = scored(0.1, 0.4), scored(0.1, 0.4, 0.3, 0.2)
    two, _ = fit(tiny, "2", make_objective=rising, num_epochs=2, **fields)
    four, _ = fit(tiny, "4", make_objective=falling, num_epochs=4, **fields)
    assert_equal_weights(weights_of(two), weights_of(four))


def test_held_out_subjects_are_not_trained_on(fit, tiny, sequences):
    recipe = replace(tiny, selection=BestOnDevSplit(share=0.3, patience_epochs=9))
    fabric = launch("cpu", "32-true")
    training = TemporalObjective(recipe, sequences, fabric=fabric, spaces=LabelSpaces())
    aside = {sequence.subject for sequence in training.dev}
    assert aside
    drawn = training.sampler._sampler._sequences
    assert aside.isdisjoint(window.subject for window in drawn)
    assert len(drawn) + len(training.dev) == len(sequences)


def test_a_loss_that_is_no_number_ends_the_run_with_what_to_do(fit, tiny, sequences):
    broken = replace(sequences[0], features=np.full_like(sequences[0].features, 1e30))
    broken.features[::2] = -1e30
    with pytest.raises(
        Diverged, match=r"step \d+: loss or gradient is not finite.*peak_lr"
    ):
        fit(tiny, data=[broken, *sequences[1:]], optim=OptimConfig(peak_lr=1e20))


def test_a_step_that_does_not_fit_into_memory_says_what_to_do(fit, tiny):
    class TooLarge(TemporalObjective):
        def forward_backward(self, forward, batch):
            raise torch.OutOfMemoryError("no memory")

    with pytest.raises(
        OutOfMemory, match="cpu: out of memory with 8 windows per step and process; use a"
    ):
        fit(tiny, make_objective=TooLarge)


def test_training_in_bfloat16_learns_and_keeps_weights_in_float32(fit, tiny):
    run, epochs = fit(tiny, precision="bf16-mixed", num_epochs=6)
    assert epochs[-1].loss < 0.8 * epochs[0].loss
    assert {item.dtype for item in weights_of(run).values()} == {torch.float32}
    exact, _ = fit(tiny, "exact", num_epochs=6)
    assert not torch.equal(
        weights_of(run)["trunk.encoder.ahead.0.weight_ih_l0"],
        weights_of(exact)["trunk.encoder.ahead.0.weight_ih_l0"],
    )


def test_keeping_the_last_epoch_needs_no_dev_split(fit, tiny, sequences):
    run, epochs = fit(tiny, data=sequences[:1], selection=KeepLast())
    assert run.weights.exists()
    assert all(epoch.scores == {} and not epoch.is_best for epoch in epochs)
