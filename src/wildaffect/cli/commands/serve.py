"""Serve analysis over HTTP: pages for a browser, jobs, and a live camera.

Example: wildaffect serve --storage service-data --keep-minutes 30
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `serve`."""

    host: str = "127.0.0.1"
    """Address to listen on; any but this machine's own needs a token."""
    port: int = 8000
    """Port to listen on; 0 chooses a free one."""
    token_file: Path | None = None
    """File with the token that requests must carry; so does the environment variable
    WILDAFFECT_TOKEN. Where one is needed and none is given, it is generated and printed."""
    hostname: tuple[str, ...] = ()
    """Name under which others reach the service, as behind a proxy (repeatable)."""
    storage: Path = Path("wildaffect-service")
    """Folder for uploads and results."""
    keep_minutes: float = 60.0
    """Minutes after its end at which a job is deleted with all its files."""
    max_mb: int = 2000
    """Largest upload, in megabytes."""
    max_minutes: float = 240.0
    """Longest time that a job may run, in minutes."""
    max_queued: int = 20
    """Number of jobs that may wait."""
    max_memory_mb: int = 4096
    """Memory that one worker process may allocate, in megabytes."""
    client_timeout: float = 20.0
    """Seconds that a client may take to send its headers, or the next part of an upload."""
    live_sessions: int = 2
    """Number of cameras at the same time; 0 for none."""
    workers: int = 1
    """Number of files to analyze at the same time."""
    allow: tuple[Path, ...] = ()
    """Folder whose files may be analyzed by their path, without an upload (repeatable)."""
    model: str = "default"
    """Name of a model that `wildaffect models list` prints, or folder or zip of one."""
    device: str = "cpu"
    """Device that runs the networks; `wildaffect doctor` lists them."""


def run(command: Command) -> int:
    """Serve until the process is interrupted."""
    from wildaffect.cli.extras import require_serve

    require_serve("serve")
    from wildaffect.inference.artifact import load_artifact
    from wildaffect.serving.app import create_service
    from wildaffect.serving.server import bind, serve
    from wildaffect.serving.settings import LiveLimits, ServiceSettings
    from wildaffect.serving.tokens import choose_token, greeting

    load_artifact(command.model)  # a wrong name shows now, and not with the first job
    chosen = choose_token(command.token_file, command.host, command.hostname)
    settings = ServiceSettings(
        data=command.storage,
        model=command.model,
        device=command.device,
        allow=command.allow,
        token=chosen.token,
        hostnames=command.hostname,
        keep_minutes=command.keep_minutes,
        max_bytes=command.max_mb * 1_000_000,
        workers=command.workers,
        max_queued=command.max_queued,
        max_job_minutes=command.max_minutes,
        client_timeout_s=command.client_timeout,
        max_memory_mb=command.max_memory_mb,
        live=LiveLimits(max_sessions=command.live_sessions),
    )
    bound = bind(command.host, command.port)
    service = create_service(settings)
    print(greeting(chosen, *bound.getsockname()[:2]), flush=True)
    try:
        serve(service, bound, settings)
    except KeyboardInterrupt:  # raised again by the server after its end, which is clean
        return 0
    return 0
