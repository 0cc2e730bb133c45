"""What tasks tell one another, and which graphs are refused."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from wildaffect.core.tasks import ABAW_TASKS, Task
from wildaffect.models.build import build_model
from wildaffect.models.frameworks import (
    FrameworkConfig,
    HeadConfig,
    HiddenFeedback,
    LabelFeedback,
    ModelConfig,
    SeparateEncoders,
    ShareBottom,
    tasks_in_order,
)
from wildaffect.models.temporal.config import (
    FrameConfig,
    GRUConfig,
    TCNConfig,
    TransformerConfig,
)

Make = Callable[..., Any]
V, A, E, U = Task.VALENCE, Task.AROUSAL, Task.EXPRESSION, Task.ACTION_UNITS
FRAME = FrameConfig(hidden_dim=8, dropout=0.0)


def separate(feedback: HiddenFeedback | LabelFeedback) -> FrameworkConfig:
    return FrameworkConfig(trunk=SeparateEncoders(), feedback=feedback)


def source_gradient(model: torch.nn.Module, source: Task) -> float:
    """Return how much a source's own encoder and head were pulled."""
    parts = (model.trunk.encoders[source], model.heads[source])
    grads = [p.grad for part in parts for p in part.parameters() if p.grad is not None]
    return float(sum(grad.abs().sum() for grad in grads))


@pytest.mark.parametrize("kind", [HiddenFeedback, LabelFeedback])
@pytest.mark.parametrize("detach", [True, False])
def test_a_source_learns_from_its_target_only_where_not_detached(
    kind: type[Any], detach: bool, make_model: Make, make_window: Make
) -> None:
    model = make_model(FRAME, separate(kind(sources={A: (V, U)}, detach=detach)))
    outputs = model(*make_window(5))
    outputs[A].square().sum().backward(retain_graph=True)
    for source in (V, U):
        assert (source_gradient(model, source) == 0.0) is detach
    outputs[V].square().sum().backward()
    assert source_gradient(model, V) > 0


@pytest.mark.parametrize("kind", [HiddenFeedback, LabelFeedback])
def test_a_target_depends_on_its_sources_through_a_chain(
    kind: type[Any], make_model: Make, make_window: Make
) -> None:
    model = make_model(FRAME, separate(kind(sources={A: (V,), E: (A,)}))).eval()
    window = make_window(5)
    before = model(*window)
    with torch.no_grad():
        for parameter in model.heads[V].parameters():
            parameter.add_(0.3)
    after = model(*window)
    for task in (V, A, E):
        assert not torch.allclose(after[task], before[task])
    assert torch.equal(after[U], before[U])


def test_in_training_the_share_of_rows_conditioned_on_the_truth_is_the_one_given(
    make_model: Make, make_window: Make, make_labels: Make, truth: Make
) -> None:
    model = make_model(FRAME, separate(LabelFeedback(sources={A: (E,)}, embedding_dim=4)))
    window = make_window(*[200] * 4)
    labels = make_labels(window, share=1.0)
    predicted = model(*window)[A]
    moved = model(*window, truth(labels, 0.25))[A] != predicted
    assert float(moved.float().mean()) == pytest.approx(0.25, abs=0.05)
    assert len({tuple(row) for row in moved.tolist()}) == 4, "each window draws for itself"
    assert torch.equal(model(*window, truth(labels, 0.0))[A], predicted)
    assert (model(*window, truth(labels, torch.tensor(1.0)))[A] != predicted).all()


@pytest.mark.parametrize("source", [V, E, U])
def test_conditioned_on_the_truth_predictions_of_the_source_do_not_matter(
    source: Task, make_model: Make, make_window: Make, make_labels: Make, truth: Make
) -> None:
    model = make_model(FRAME, separate(LabelFeedback(sources={A: (source,)})))
    window = make_window(6)
    labels = truth(make_labels(window), 1.0)
    before = model(*window, labels)[A]
    with torch.no_grad():
        for parameter in model.heads[source].parameters():
            parameter.add_(0.3)
    assert torch.equal(model(*window, labels)[A], before)
    assert before.isfinite().all(), "what stands where a label is missing is not read"


@pytest.mark.parametrize("source", [V, E, U])
def test_unknown_is_distinguished_from_every_label(
    source: Task, make_model: Make, make_window: Make, truth: Make, make_labels: Make
) -> None:
    model = make_model(FRAME, separate(LabelFeedback(sources={A: (source,)})))
    window = make_window(1)
    labels = make_labels(window, share=1.0)
    missing = make_labels(window, share=0.0)
    unknown = model(*window, truth(missing, 1.0))[A]
    values = {
        V: [-1.0, 0.0, 1.0],
        E: list(range(8)),
        U: [0.0, 1.0],
    }[source]
    for value in values:
        labels.targets[source].fill_(value)
        assert not torch.allclose(model(*window, truth(labels, 1.0))[A], unknown)


def test_at_inference_labels_are_not_read(
    make_model: Make, make_window: Make, make_labels: Make, truth: Make
) -> None:
    model = make_model(FRAME, separate(LabelFeedback(sources={A: (V, U)}))).eval()
    window = make_window(6)
    labels = truth(make_labels(window), 1.0)
    assert torch.equal(model(*window, labels)[A], model(*window)[A])


def test_labels_are_left_as_they_were(
    make_model: Make, make_window: Make, make_labels: Make, truth: Make
) -> None:
    model = make_model(FRAME, separate(LabelFeedback(sources={A: (V, E, U)})))
    window = make_window(6, 4)
    labels = make_labels(window)
    before = [value.clone() for part in labels for value in part.values()]
    model(*window, truth(labels, 0.5))
    after = [value for part in labels for value in part.values()]
    for old, new in zip(before, after, strict=True):
        torch.testing.assert_close(new, old, equal_nan=True)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({A: (A,)}, "sources of arousal must be other tasks, got arousal itself"),
        ({A: (V, V)}, "sources of arousal must be unique, got valence, valence"),
        ({A: (V,), V: (A,)}, "must not form a cycle, got .*arousal.*valence"),
        (
            {A: (V,), V: (E,), E: (A,)},
            "got (arousal|valence|expression) -> .* -> .* -> .*; leave one",
        ),
    ],
)
@pytest.mark.parametrize("kind", [HiddenFeedback, LabelFeedback])
def test_graphs_in_which_a_task_waits_for_itself_are_refused(
    kind: type[Any], sources: dict[Task, tuple[Task, ...]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind(sources=sources)


@pytest.mark.parametrize(
    ("sources", "named"), [({A: (U,)}, "action_units"), ({E: (V,)}, "expression")]
)
def test_feedback_from_or_to_a_task_that_is_not_learned_is_refused(
    sources: dict[Task, tuple[Task, ...]], named: str
) -> None:
    with pytest.raises(
        ValueError, match=f"among the model's valence, arousal, got {named} in the sources"
    ):
        ModelConfig(
            tasks=(V, A),
            framework=FrameworkConfig(feedback=HiddenFeedback(sources=sources)),
        )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: ModelConfig(tasks=()),
            "tasks must be unique and at least one, got none",
        ),
        (
            lambda: ModelConfig(tasks=(V, V)),
            "tasks must be unique .* got valence, valence",
        ),
        (lambda: HeadConfig(hidden_dims=(0,)), "hidden_dims must be at least 1 each"),
        (lambda: HeadConfig(dropout=1.0), r"head: dropout must be in \[0, 1\), got 1.0"),
        (lambda: LabelFeedback(sources={}, embedding_dim=0), "embedding_dim must be at"),
        (lambda: LabelFeedback(sources={}, truth_share=1.5), "truth_share must be in"),
        (
            lambda: ModelConfig(
                head=HeadConfig(hidden_dims=()),
                framework=FrameworkConfig(feedback=HiddenFeedback(sources={A: (V,)})),
            ),
            "hidden feedback needs a head with a hidden layer",
        ),
        (
            lambda: ModelConfig(
                encoder=GRUConfig(num_layers=2),
                framework=FrameworkConfig(trunk=ShareBottom(num_shared_layers=2)),
            ),
            "leave one of the 2 layers of gru to each task, got 2",
        ),
        (
            lambda: ModelConfig(
                framework=FrameworkConfig(trunk=ShareBottom(num_shared_layers=0))
            ),
            "num_shared_layers must be at least 1 .* got 0",
        ),
        (
            lambda: ModelConfig(
                encoder=TransformerConfig(),
                head=HeadConfig(hidden_dims=(100,)),
                framework=FrameworkConfig(
                    trunk=ShareBottom(), feedback=HiddenFeedback(sources={A: (V,)})
                ),
            ),
            "multiple of head_dim.*got 356 and 64; with a shared bottom",
        ),
    ],
)
def test_impossible_models_are_refused(build: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_sources_come_before_the_tasks_conditioned_on_them() -> None:
    sources = {V: (E, U), A: (V,)}
    config = ModelConfig(
        framework=FrameworkConfig(feedback=HiddenFeedback(sources=sources))
    )
    order = tasks_in_order(config)
    assert set(order) == set(ABAW_TASKS)
    for target, given in sources.items():
        assert all(order.index(source) < order.index(target) for source in given)


def test_the_published_shared_bottom_has_the_published_widths() -> None:
    # Hidden 1024, one shared layer of four, valence and action units fed to arousal with
    # heads of 512 and 256: width 1536 and 24 heads there, in the system's public code.
    config = ModelConfig(
        encoder=TransformerConfig(hidden_dim=1024, ffn_dim=2048, num_layers=4),
        head=HeadConfig(hidden_dims=(512, 256)),
        framework=FrameworkConfig(
            trunk=ShareBottom(num_shared_layers=1),
            feedback=HiddenFeedback(sources={A: (V, U)}),
        ),
    )
    with torch.device("meta"):
        model = build_model(config, 1622)
    arousal = model.trunk.own[A]
    assert arousal.output_dim == 1536
    assert arousal.layers[0].attention.num_heads == 24
    assert [len(own.layers) for own in model.trunk.own.values()] == [3, 3, 3, 3]
    num_millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    assert num_millions == pytest.approx(145, abs=8)


def test_own_convolutions_reach_on_where_the_shared_ones_end(make_model: Make) -> None:
    model = make_model(
        TCNConfig(hidden_dim=8, num_layers=4),
        FrameworkConfig(trunk=ShareBottom(num_shared_layers=2)),
    )
    reach = [block.offsets[1] for block in model.trunk.bottom.blocks]
    own = [block.offsets[1] for block in model.trunk.own[V].blocks]
    assert (reach, own) == ([1, 2], [4, 8])


def test_a_standardized_model_reads_raw_features(
    make_model: Make, make_window: Make
) -> None:
    model = make_model(FRAME).eval()
    window = make_window(4)
    expected = model(*window)[V]
    mean, std = torch.tensor([5.0, -3, 0, 100, 1]), torch.tensor([2.0, 0.1, 1, 30, 4])
    model.standardize(mean, std)
    got = model(window.features * std + mean, window.lengths, window.times_s)[V]
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("std", [0.0, 1e-6])
def test_a_column_that_never_varied_is_left_out(
    std: float, make_model: Make, make_window: Make
) -> None:
    model = make_model(FRAME).eval()
    model.standardize(
        torch.tensor([50.0, 0, 0, 0, 0]), torch.tensor([std, 1.0, 1.0, 1.0, 1.0])
    )
    window = make_window(4)
    before = model(*window)[V]
    window.features[..., 0] = 1e3
    assert torch.equal(model(*window)[V], before)


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        (torch.zeros(4), torch.ones(5), r"mean must be finite, shape \(5,\), got shape"),
        (torch.zeros(5), torch.full((5,), torch.nan), "std must be finite.* 5 not finite"),
        (torch.zeros(5), -torch.ones(5), "std must be at least 0, got -1"),
    ],
)
def test_a_mean_or_spread_that_is_none_is_refused(
    mean: torch.Tensor, std: torch.Tensor, message: str, make_model: Make
) -> None:
    with pytest.raises(ValueError, match=message):
        make_model(FRAME).standardize(mean, std)
