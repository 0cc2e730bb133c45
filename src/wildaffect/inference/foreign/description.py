"""Description of a network of another project: what it reads, and what it gives.

A TOML file; docs/models.md explains every key with an example.
"""

import tomllib
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from wildaffect.core.config import Config, first_problem
from wildaffect.core.errors import BadWeights
from wildaffect.core.preprocess import Preprocess
from wildaffect.inference.manifest import Count, Line

UNUSED = "-"
"""Label of a column that is not used."""
MAX_BYTES = 1 << 20

Seconds = Annotated[float, Field(ge=0, le=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDescription(Config):
    """The crop that a network reads, and how its numbers are laid out."""

    size_px: Count
    mean: tuple[float, ...]
    """Mean per channel, in units of `white`."""
    std: tuple[float, ...]
    """Standard deviation per channel, in units of `white`."""
    white: Literal[1, 255] = 1
    """Value of a white pixel before mean and standard deviation."""
    alignment: Literal["box", "arcface_5pt", "arcface_5pt_raised"] = "box"
    margin: float = 0.0
    """As in `Preprocess`."""
    channels: Literal["rgb", "bgr", "gray"] = "rgb"
    repeats_gray: bool = False
    """True if gray crops fill three equal channels."""
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    interpolation: Literal["linear", "area"] = "area"
    name: Line = ""
    """Name of the network's input; may be left out if it has one."""

    def __post_init__(self) -> None:
        if self.repeats_gray and self.channels != "gray":
            raise ValueError(
                f"input: repeats_gray needs channels = 'gray', got {self.channels!r}"
            )
        self.as_preprocess()

    @property
    def num_network_channels(self) -> int:
        """Return the channels that the network reads."""
        return 1 if self.channels == "gray" and not self.repeats_gray else 3

    @property
    def network_shape(self) -> tuple[int, int, int]:
        """Return the shape of a crop as the network reads it."""
        side = self.size_px
        channels = self.num_network_channels
        return (channels, side, side) if self.layout == "NCHW" else (side, side, channels)

    def as_preprocess(self) -> Preprocess:
        """Return how the crop is cut and scaled."""
        return Preprocess(
            alignment=self.alignment,
            margin=self.margin,
            size_px=self.size_px,
            channels=self.channels,
            mean=tuple(value / self.white for value in self.mean),
            std=tuple(value / self.white for value in self.std),
            interpolation=self.interpolation,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDescription(Config):
    """The next columns of one of a network's outputs."""

    task: Literal[
        "expression",
        "action_units",
        "valence",
        "arousal",
        "dimensions",
        "intensities",
        "unused",
    ]
    output: Line = ""
    """Name of the network's output; may be left out if it has one."""
    labels: tuple[Line, ...] = ()
    """Classes, action units or scales in order; `-` for a column that is not used."""
    values: Literal["logits", "probabilities", ""] = ""
    space: Line = ""
    """Name of a label space of one's own, for labels that tables do not know."""
    range: tuple[float, float] = (-1.0, 1.0)
    """Lowest and highest value of valence or arousal, or of each scale."""
    thresholds: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()
    """Threshold of each action unit; empty for 0.5."""
    temperature: Annotated[float, Field(ge=0.01, le=100)] = 1.0
    """Logits are divided by it."""
    width: Annotated[int, Field(ge=0, le=1 << 16)] = 0
    """Number of unused columns; 0 for a whole output."""

    def __post_init__(self) -> None:
        is_class = self.task in {"expression", "action_units"}
        if is_class and not (self.labels and self.values):
            raise ValueError(
                f"{self.task} needs labels in order, and values = 'logits' or "
                "'probabilities'"
            )
        if self.is_scale and not self.labels:
            raise ValueError(f"{self.task} needs labels in order, and their range")
        if not is_class and (self.values or self.space):
            raise ValueError(f"{self.task} takes no values or space")
        if not (is_class or self.is_scale) and self.labels:
            raise ValueError(f"{self.task} takes no labels")
        if self.thresholds and self.task != "action_units":
            raise ValueError(f"thresholds are for action_units, got them for {self.task}")
        if self.thresholds and len(self.thresholds) != len(self.predicted):
            raise ValueError(
                f"thresholds must be one for each of {len(self.predicted)} action units, "
                f"got {len(self.thresholds)}"
            )
        if len(set(self.predicted)) < len(self.predicted):
            raise ValueError(f"labels of {self.task} must be different, got {self.labels}")
        low, high = self.range
        if not (isfinite(low) and isfinite(high) and low < high):
            raise ValueError(f"range of {self.task} must rise, got {low:g} to {high:g}")

    @property
    def is_scale(self) -> bool:
        """Return whether each label is a number within the range."""
        return self.task in {"dimensions", "intensities"}

    @property
    def predicted(self) -> tuple[str, ...]:
        """Return the labels that are used, in order."""
        return tuple(label for label in self.labels if label != UNUSED)

    @property
    def num_columns(self) -> int:
        """Return how many columns it describes; 0 for a whole output that is unused."""
        match self.task:
            case "expression" | "action_units" | "dimensions" | "intensities":
                return len(self.labels)
            case "valence" | "arousal":
                return 1
            case "unused":
                return self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothingDescription(Config):
    """Time constants of causal smoothing in seconds; 0 for none."""

    valence: Seconds = 0.8
    arousal: Seconds = 0.8
    expression: Seconds = 0.5
    action_units: Seconds = 0.1
    dimensions: Seconds = 0.8
    intensities: Seconds = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Description(Config):
    """Everything that a weight file does not say about itself."""

    title: Line
    license: Annotated[Line, Field(min_length=1)]
    """License of the weights, as their authors state it."""
    terms: Line
    """What the license and the training data allow, in a sentence."""
    source: Line
    """Where people get the file."""
    training_data: Line
    """What is known of the data that it was trained on."""
    input: InputDescription
    outputs: Annotated[tuple[OutputDescription, ...], Field(min_length=1, max_length=64)]
    """In the order of the columns of each output."""
    files: tuple[Line, ...] = ()
    """Names of the files as published, by which the description is found."""
    smoothing: SmoothingDescription = field(default_factory=SmoothingDescription)
    rate_hz: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Times per second and face that the network runs, interpolated between; None for
    every frame."""

    def __post_init__(self) -> None:
        tasks = [output.task for output in self.outputs if output.task != "unused"]
        twice = next((task for task in tasks if tasks.count(task) > 1), "")
        if twice or not tasks:
            raise ValueError(
                f"outputs must describe each task once and at least one, got "
                f"{f'{twice} twice' if twice else 'none'}"
            )

    def find(self, task: str) -> OutputDescription | None:
        """Return the output of a task; None if there is none."""
        return next((output for output in self.outputs if output.task == task), None)


_ADAPTER = TypeAdapter(Description)


def read_description(path: Path) -> Description:
    """Read a description.

    Raises:
        BadWeights: If it does not exist or is wrong, with file and key.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BadWeights(f"{path}: a description has at most {MAX_BYTES:,} bytes")
        document = tomllib.loads(content.decode())
        return _ADAPTER.validate_python(document)
    except FileNotFoundError:
        raise BadWeights(f"no such description: {path}") from None
    except OSError as error:
        raise BadWeights(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadWeights(f"{path}: must be TOML: {error}") from None
    except ValidationError as error:
        raise BadWeights(f"{path}: {first_problem(error)}") from None
