"""Time and size of reports of long results, thumbnails included.

Makes results of noisy signals beside a video, the demo's clip repeated, and prints a table.
 Run: python benchmarks/report.py [MINUTES:PEOPLE ...]
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet

import wildaffect
from wildaffect.core.tasks import ABAW_EXPRESSIONS, EXTENDED_ACTION_UNITS
from wildaffect.workflows.report import report

RATE = 30
DEMO = Path(wildaffect.__file__).parent / "demo" / "people.mp4"
SHARES = ("eye_closure_left", "eye_closure_right", "mouth_open")
ANGLES = ("gaze_yaw_deg", "gaze_pitch_deg")


def make_table(minutes: float, num_people: int) -> pa.Table:
    """Return a table of slow signals with noise of 0.01, which compress badly."""
    num_frames = round(minutes * 60 * RATE)
    rng = np.random.default_rng(0)
    frame = np.repeat(np.arange(num_frames), num_people)
    track = np.tile(np.arange(num_people), num_frames)
    num_rows = len(frame)

    def signal() -> np.ndarray:
        phase = np.cumsum(rng.normal(0, 0.1, num_frames))
        slow = 0.5 + 0.4 * np.sin(np.repeat(phase, num_people) + track)
        return np.clip(slow + rng.normal(0, 0.01, num_rows), 0, 1).astype(np.float32)

    names = ABAW_EXPRESSIONS.labels
    columns: dict[str, object] = {
        "frame": frame,
        "time_s": frame / RATE,
        "track_id": track,
        "status": pa.array(["ok"] * num_rows),
        "valence": 2 * signal() - 1,
        "arousal": 2 * signal() - 1,
        "expression": pa.array([names[k] for k in (frame // 50 + track) % len(names)]),
    }
    edges = (("x0", 100), ("y0", 60), ("x1", 220), ("y1", 200))
    columns |= {f"box_{edge}": np.full(num_rows, float(at)) for edge, at in edges}
    columns |= {f"p_{name.lower()}": signal() for name in names}
    for label in EXTENDED_ACTION_UNITS.labels:
        columns[label] = signal()
        columns[f"{label}_present"] = columns[label] > 0.8
    columns |= {name: signal() for name in SHARES}
    columns |= {name: 60 * signal() - 30 for name in ANGLES}
    return pa.table(columns)


def repeat_demo(path: Path, minutes: float) -> None:
    """Write the demo's clip again and again, without encoding it anew."""
    with av.open(str(path), "w") as target:
        stream, shift = None, 0
        while stream is None or shift * stream.time_base < minutes * 60:
            with av.open(str(DEMO)) as source:
                given = source.streams.video[0]
                stream = stream or target.add_stream_from_template(given)
                end = 0
                for packet in source.demux(given):
                    if packet.dts is None:
                        continue
                    end = max(end, packet.pts + packet.duration)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = stream
                    target.mux(packet)
            shift += end


def measure(folder: Path, minutes: float, num_people: int) -> str:
    """Return a line of the table."""
    video, result = folder / "video.mp4", folder / "video.parquet"
    repeat_demo(video, minutes)
    table = make_table(minutes, num_people)
    pyarrow.parquet.write_table(table, result)
    source = {"path": [str(video)], "name": str(video), "codec": "h264"}
    document = {"schema_version": 1, "source": source, "complete": True}
    result.with_name("video.parquet.json").write_text(json.dumps(document))
    start = time.perf_counter()
    page = report(result).reports[0].path
    took_s = time.perf_counter() - start
    return (
        f"| {minutes:g} min, {num_people} | {table.num_rows:,} | "
        f"{Path(str(page)).stat().st_size / 1e6:.2f} MB | {took_s:.1f} s |"
    )


def main() -> None:
    """Print a line per size."""
    sizes = sys.argv[1:] or ["10:1", "10:4", "60:1"]
    print("| video, people | rows | page | time |\n|---|---:|---:|---:|")
    for size in sizes:
        minutes, people = size.split(":")
        with tempfile.TemporaryDirectory() as folder:
            print(measure(Path(folder), float(minutes), int(people)), flush=True)


if __name__ == "__main__":
    main()
