"""Read a camera and send every row to other programs at once.

Example: wildaffect stream 0 --to ws://127.0.0.1:8765 --to session.csv
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from wildaffect.cli.parser.marks import Positional
from wildaffect.core.threads import AnalysisThreads

if TYPE_CHECKING:
    from wildaffect.sinks.relay import StreamState


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `stream`."""

    source: Annotated[str, Positional("SOURCE")]
    """Camera number, rtsp:// or http:// address, or a video, which is played at its own
    speed as if it were a camera."""
    to: tuple[str, ...] = ("-",)
    """Receivers: - for JSON Lines on standard output, ws://HOST:PORT for a WebSocket
    server, osc://HOST:PORT, zmq://HOST:PORT, lsl:NAME, or the name of a table."""
    token_file: Path | None = None
    """File with the token that clients of a WebSocket must send; so does the environment
    variable WILDAFFECT_TOKEN. Where other machines can connect, one is needed."""
    loop: bool = False
    """Play a video again and again."""
    stop: float | None = None
    """Second to stop at, exclusive; ends a camera or stream."""
    model: str = "default"
    """Name of a model that `wildaffect models list` prints, or folder or zip of one."""
    neutral: str = "auto"
    """Neutral face to measure changes against: a picture or video of the person (applied to
    everyone in the input), none for the population's average face at rest, or auto to
    estimate each person's own from calm moments."""
    landmarks: bool = False
    """Send the landmarks too: 478 points."""
    blendshapes: bool = False
    """Send the 52 blendshape scores too, under the names of ARKit."""
    measurements: bool = False
    """Send the measured features too, raw and relative to the person's neutral face."""
    device: str = "cpu"
    """Device that runs the networks; `wildaffect doctor` lists them."""
    threads: AnalysisThreads = 1
    """Threads per network call, without effect on results; decoding uses one more. auto: as
    many as the CPUs that this process may use."""
    quiet: bool = False
    """Print no progress."""


def run(command: Command) -> int:
    """Stream until the source ends or is interrupted; return 1 if it broke off."""
    import sys

    from wildaffect.core.printable import printable
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.workflows.stream_to import stream_to

    def show(state: "StreamState") -> None:
        display.show("stream", state.num_frames, text=f"{command.source}, {_text(state)}")

    with ProgressDisplay(quiet=command.quiet) as display:
        state = stream_to(
            command.source,
            command.to,
            token_file=command.token_file,
            loop=command.loop,
            stop_s=command.stop,
            model=command.model,
            neutral=command.neutral,
            landmarks=command.landmarks,
            blendshapes=command.blendshapes,
            measurements=command.measurements,
            device=command.device,
            num_threads=command.threads,
            on_state=show,
        )
    if state.error:
        print(f"wildaffect: {printable(state.error)}", file=sys.stderr)
    if not command.quiet:
        print(f"{state.num_frames} frames, {_text(state)}", file=sys.stderr)
    return 1 if state.error else 0


def _text(state: "StreamState") -> str:
    dropped = 100 * state.num_dropped / max(state.num_frames, 1)
    return (
        f"{dropped:.0f} % dropped, rows {state.median_delay_ms:.0f} ms after their frames"
    )
