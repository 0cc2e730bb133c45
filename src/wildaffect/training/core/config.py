"""Settings of the machine that trains."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerConfig:
    """Hardware and tracking settings of a run."""

    accelerator: str = "auto"
    trackers: tuple[str, ...] = ()
