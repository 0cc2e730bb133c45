"""How tasks share a model and what they tell one another: settings and their rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from wildaffect.core.config import Config
from wildaffect.core.tasks import Task
from wildaffect.models.heads import HeadConfig
from wildaffect.models.temporal.build import TemporalConfig, bottom_layers, own_layers
from wildaffect.models.temporal.gated import GRUConfig

Sources = dict[Task, tuple[Task, ...]]
"""Which tasks are told to a task; a graph without cycles."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeparateEncoders(Config):
    """Every task has an encoder of its own; with one task, the single-task model."""

    kind: Literal["separate_encoders"] = "separate_encoders"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareEncoder(Config):
    """One encoder, one head per task."""

    kind: Literal["share_encoder"] = "share_encoder"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareBottom(Config):
    """The first layers of the encoder are shared, the others are a task's own."""

    num_shared_layers: int = 1
    kind: Literal["share_bottom"] = "share_bottom"


TrunkConfig = SeparateEncoders | ShareEncoder | ShareBottom


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenFeedback(Config):
    """A task is told the last hidden vectors of the heads of its sources."""

    sources: Sources
    detach: bool = True
    """True, as published: a source learns from its own labels alone. False: its hidden
    vector is also shaped by the tasks that it is told to."""
    kind: Literal["hidden_feedback"] = "hidden_feedback"

    def __post_init__(self) -> None:
        check_sources(self.sources)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelFeedback(Config):
    """A task is told the labels of its sources, as predicted or, in training, as true."""

    sources: Sources
    embedding_dim: int = 256
    """Width of the vector that stands for a label."""
    truth_share: float = 0.75
    """Of rows told the truth at the first step, in [0, 1]; whoever trains lowers it."""
    detach: bool = True
    """True: predictions of a source are not shaped by the tasks that they are told to."""
    kind: Literal["label_feedback"] = "label_feedback"

    def __post_init__(self) -> None:
        check_sources(self.sources)
        if self.embedding_dim < 1:
            raise ValueError(
                f"feedback: embedding_dim must be at least 1, got {self.embedding_dim}"
            )
        if not 0 <= self.truth_share <= 1:
            raise ValueError(
                f"feedback: truth_share must be in [0, 1], got {self.truth_share}"
            )


FeedbackConfig = HiddenFeedback | LabelFeedback


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameworkConfig(Config):
    """What tasks share and what they are told."""

    trunk: TrunkConfig = field(default_factory=ShareEncoder)
    feedback: FeedbackConfig | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig(Config):
    """A temporal model of several tasks."""

    encoder: TemporalConfig = field(default_factory=GRUConfig)
    framework: FrameworkConfig = field(default_factory=FrameworkConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    tasks: tuple[Task, ...] = tuple(Task)

    def __post_init__(self) -> None:
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise ValueError(
                f"model: tasks must be distinct and at least one, got "
                f"{', '.join(self.tasks) or 'none'}"
            )
        feedback = self.framework.feedback
        if feedback is not None:
            check_sources_are_tasks(feedback.sources, self.tasks)
        if isinstance(feedback, HiddenFeedback) and not self.head.hidden_dims:
            raise ValueError(
                "model: head must have a hidden layer for hidden feedback, got none; "
                "set head.hidden_dims"
            )
        trunk = self.framework.trunk
        if isinstance(trunk, ShareBottom):
            bottom_layers(self.encoder, trunk.num_shared_layers)
            for task in self.tasks:
                own_layers(self.encoder, trunk.num_shared_layers, feedback_dim(self, task))


def sources_of(config: ModelConfig, task: Task) -> tuple[Task, ...]:
    """Return the tasks that are told to `task`."""
    feedback = config.framework.feedback
    return () if feedback is None else feedback.sources.get(task, ())


def feedback_dim(config: ModelConfig, task: Task) -> int:
    """Return the width of all that `task` is told."""
    match config.framework.feedback:
        case None:
            return 0
        case HiddenFeedback():
            return config.head.hidden_dims[-1] * len(sources_of(config, task))
        case LabelFeedback(embedding_dim=width):
            return width * len(sources_of(config, task))


def tasks_in_order(config: ModelConfig) -> tuple[Task, ...]:
    """Return the tasks, each behind its sources."""
    graph = {task: sources_of(config, task) for task in config.tasks}
    return tuple(TopologicalSorter(graph).static_order())


def check_sources(sources: Mapping[Task, tuple[Task, ...]]) -> None:
    """Refuse a graph in which a task would have to wait for itself.

    Raises:
        ValueError: Naming the tasks of the cycle, or the source that is named twice.
    """
    for target, given in sources.items():
        if target in given:
            raise ValueError(
                f"feedback: sources of {target} must be other tasks, got {target} itself"
            )
        if len(set(given)) < len(given):
            raise ValueError(
                f"feedback: sources of {target} must be named once each, "
                f"got {', '.join(given)}"
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
    """Refuse feedback from or to a task that the model has not; it would never learn.

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
