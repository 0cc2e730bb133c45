"""Multi-task frameworks: what tasks share, and the feedback between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from wildaffect.core.checks import check_numbers
from wildaffect.core.config import Config
from wildaffect.core.tasks import ABAW_TASKS, Task
from wildaffect.models.fusion.config import FusionConfig
from wildaffect.models.temporal.config import GRUConfig, TemporalConfig
from wildaffect.models.temporal.layers import bottom_layers, own_layers

Sources = dict[Task, tuple[Task, ...]]
"""Task -> tasks that it is conditioned on; an acyclic graph."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeparateEncoders(Config):
    """Separate encoder per task; with one task, the single-task model."""

    kind: Literal["separate_encoders"] = "separate_encoders"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareEncoder(Config):
    """One shared encoder with a head per task."""

    kind: Literal["share_encoder"] = "share_encoder"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareBottom(Config):
    """Shared first layers of the encoder, separate remaining layers per task."""

    num_shared_layers: int = 1
    """Number of shared layers."""
    kind: Literal["share_bottom"] = "share_bottom"


TrunkConfig = SeparateEncoders | ShareEncoder | ShareBottom


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenFeedback(Config):
    """Hidden-feature feedback: tasks are conditioned on hidden vectors of others."""

    sources: Sources
    """Tasks that this one is conditioned on."""
    detach: bool = True
    """Stop the gradient from a task to the tasks it is conditioned on, as published."""
    kind: Literal["hidden_feedback"] = "hidden_feedback"

    def __post_init__(self) -> None:
        check_sources(self.sources)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelFeedback(Config):
    """Label feedback: tasks are conditioned on predicted or true labels of others."""

    sources: Sources
    """Tasks that this one is conditioned on."""
    embedding_dim: int = 256
    """Width of a label embedding."""
    truth_share: float = 0.75
    """Share of rows with ground truth at the first step, in [0, 1]; may decay in
    training."""
    detach: bool = True
    """Stop the gradient from a task to the tasks it is conditioned on."""
    kind: Literal["label_feedback"] = "label_feedback"

    def __post_init__(self) -> None:
        check_sources(self.sources)
        check_numbers("feedback", "[1, inf)", embedding_dim=self.embedding_dim)
        check_numbers("feedback", "[0, 1]", truth_share=self.truth_share)


FeedbackConfig = HiddenFeedback | LabelFeedback


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameworkConfig(Config):
    """Shared parts and feedback of a multi-task model."""

    trunk: TrunkConfig = field(default_factory=ShareEncoder)
    feedback: FeedbackConfig | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadConfig(Config):
    """Row-wise linear layers with ReLU; one head per task."""

    hidden_dims: tuple[int, ...] = (256,)
    """Width of each hidden layer; empty for a single linear layer."""
    dropout: float = 0.1
    """Dropout on the states and after each hidden layer, in [0, 1)."""

    def __post_init__(self) -> None:
        if any(dim < 1 for dim in self.hidden_dims):
            raise ValueError(
                f"head: hidden_dims must be at least 1 each, got {self.hidden_dims}"
            )
        check_numbers("head", "[0, 1)", dropout=self.dropout)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig(Config):
    """Temporal multi-task model."""

    encoder: TemporalConfig = field(default_factory=GRUConfig)
    framework: FrameworkConfig = field(default_factory=FrameworkConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    fusion: FusionConfig | None = None
    """Fusion of the feature sets of the inputs; none puts their columns side by side."""
    tasks: tuple[Task, ...] = ABAW_TASKS
    """Tasks to predict."""

    def __post_init__(self) -> None:
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise ValueError(
                f"model: tasks must be unique and at least one, got "
                f"{', '.join(self.tasks) or 'none'}"
            )
        feedback = self.framework.feedback
        if feedback is not None:
            check_sources_are_tasks(feedback.sources, self.tasks)
        if isinstance(feedback, HiddenFeedback) and not self.head.hidden_dims:
            raise ValueError(
                "model: hidden feedback needs a head with a hidden layer; set "
                "head.hidden_dims"
            )
        trunk = self.framework.trunk
        if isinstance(trunk, ShareBottom):
            bottom_layers(self.encoder, trunk.num_shared_layers)
            for task in self.tasks:
                own_layers(self.encoder, trunk.num_shared_layers, feedback_dim(self, task))


def sources_of(config: ModelConfig, task: Task) -> tuple[Task, ...]:
    """Return the tasks that `task` is conditioned on."""
    feedback = config.framework.feedback
    return () if feedback is None else feedback.sources.get(task, ())


def feedback_dim(config: ModelConfig, task: Task) -> int:
    """Return the total width of the feedback to `task`."""
    match config.framework.feedback:
        case None:
            return 0
        case HiddenFeedback():
            return config.head.hidden_dims[-1] * len(sources_of(config, task))
        case LabelFeedback(embedding_dim=width):
            return width * len(sources_of(config, task))


def tasks_in_order(config: ModelConfig) -> tuple[Task, ...]:
    """Return the tasks in topological order."""
    graph = {task: sources_of(config, task) for task in config.tasks}
    return tuple(TopologicalSorter(graph).static_order())


def check_sources(sources: Mapping[Task, tuple[Task, ...]]) -> None:
    """Check that the graph is acyclic.

    Raises:
        ValueError: Naming the tasks of the cycle, or the repeated source.
    """
    for target, given in sources.items():
        if target in given:
            raise ValueError(
                f"feedback: sources of {target} must be other tasks, got {target} itself"
            )
        if len(set(given)) < len(given):
            raise ValueError(
                f"feedback: sources of {target} must be unique, got {', '.join(given)}"
            )
    try:
        TopologicalSorter(sources).prepare()
    except CycleError as error:
        cycle = " -> ".join(error.args[1])
        raise ValueError(
            f"feedback: sources must not form a cycle, got {cycle}; leave one of them out"
        ) from error


def check_sources_are_tasks(
    sources: Mapping[Task, tuple[Task, ...]], tasks: tuple[Task, ...]
) -> None:
    """Check that all tasks in the feedback are tasks of the model.

    Raises:
        ValueError: Naming the task.
    """
    for target, given in sources.items():
        for task in (target, *given):
            if task not in tasks:
                raise ValueError(
                    f"feedback: tasks must be among the model's {', '.join(tasks)}, "
                    f"got {task} in the sources of {target}; a source learns only if it "
                    "is a task"
                )
