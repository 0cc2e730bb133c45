"""Settings and limits of the service."""

from dataclasses import dataclass, field
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.core.tokens import SHORTEST_TOKEN

LEAST_MEMORY_MB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLimits:
    """Limits of live sessions."""

    max_sessions: int = 2
    max_frame_bytes: int = 2_000_000
    max_frame_pixels: int = 2_100_000
    """Full HD; larger pictures are refused before they are decoded."""
    max_frames_per_s: float = 120.0
    """Rate above which a session is closed; frames are dropped at any rate."""
    idle_s: float = 60.0
    """Time without a frame after which a session is closed."""
    max_minutes: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Everything that the operator of a service decides.

    Raises:
        UsageError: If a number is out of range, the token is too short, or an allowed
            folder does not exist.
    """

    data: Path
    """Folder of uploads and results; readable by its owner alone."""
    model: str = "default"
    device: str = "cpu"
    allow: tuple[Path, ...] = ()
    """Folders whose files may be analyzed by their path on this machine."""
    token: str | None = field(default=None, repr=False)
    """Secret that requests must carry; None lets every local program in."""
    hostnames: tuple[str, ...] = ()
    """Names, besides addresses and localhost, under which the service is reached."""
    keep_minutes: float = 60.0
    max_bytes: int = 2_000_000_000
    """Largest upload."""
    workers: int = 1
    max_queued: int = 20
    max_job_minutes: float = 240.0
    max_memory_mb: int = 4096
    """Largest amount of memory that one worker process may allocate."""
    client_timeout_s: float = 20.0
    """Time that a client may take to send its headers, or the next part of an upload."""
    min_bytes_per_s: float = 10_000.0
    """Mean rate below which an upload is ended, after `client_timeout_s`."""
    live: LiveLimits = field(default_factory=LiveLimits)

    def __post_init__(self) -> None:
        positive = ("keep_minutes", "max_bytes", "workers", "max_queued", "max_job_minutes")
        for name in (*positive, "client_timeout_s"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.max_memory_mb < LEAST_MEMORY_MB:
            raise UsageError(
                f"max_memory_mb must be at least {LEAST_MEMORY_MB}, which the models need, "
                f"got {self.max_memory_mb}"
            )
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise UsageError(
                f"token must have at least {SHORTEST_TOKEN} characters, got "
                f"{len(self.token)}; leave it out to have one generated"
            )
        for folder in self.allow:
            if not folder.is_dir():
                raise UsageError(f"{folder}: allowed folder must exist, got no such folder")
