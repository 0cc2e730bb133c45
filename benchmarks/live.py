"""Delay of rows after their frames, and dropped frames, of a video played as a camera.

    python benchmarks/live.py clip.mp4 [--seconds 20] [--rounds 5]

plays the clip at its own speed, again and again, and sends the rows to a receiver that only
notes when they come. The first row of a stream includes the first run of every network.
"""

import argparse
import statistics
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from wildaffect.sinks.relay import StreamState
from wildaffect.sinks.sink import LiveRow
from wildaffect.workflows.stream_to import stream_to


class Delays:
    """Receiver that notes the delay of every row."""

    def __init__(self) -> None:
        self.ms: list[float] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep what was noted."""

    def send(self, row: LiveRow) -> None:
        """Note a row, with the time of making its JSON."""
        bytes(row.line)
        self.ms.append(1e3 * (time.monotonic() - row.arrived_s))


def run(clip: Path, seconds: float) -> tuple[list[float], StreamState]:
    """Play a clip; return the delay of each row, and the last state."""
    delays = Delays()
    state = stream_to(clip, delays, loop=True, stop_s=seconds)
    return delays.ms, state


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print("| clip | first row | median | 95 % | longest | frames dropped |")
    print("|---|---|---|---|---|---|")
    runs: dict[Path, list[tuple[float, ...]]] = {clip: [] for clip in args.clip}
    for _ in range(args.rounds):
        for clip in args.clip:
            ms, state = run(clip, args.seconds)
            ordered = sorted(ms)
            runs[clip].append(
                (
                    ms[0],
                    statistics.median(ms),
                    ordered[int(0.95 * (len(ms) - 1))],
                    ordered[-1],
                    100 * state.num_dropped / state.num_frames,
                )
            )
    for clip, measured in runs.items():
        *times, dropped = (statistics.median(each) for each in zip(*measured, strict=True))
        cells = [f"{each:.0f} ms" for each in times]
        print(f"| {clip.stem} | {' | '.join(cells)} | {dropped:.1f} % |")


if __name__ == "__main__":
    main()
