"""Summaries as a line, a table for the terminal, and JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from wildaffect.outputs.summary import RunSummary, Share, TrackSummary

MAX_LINES = 20
MAX_SHARES = 3


def summary_line(run: RunSummary) -> str:
    """Return the totals in one line."""
    parts = [
        _count(run.num_files, "file"),
        f"{_count(run.num_frames, 'frame')} ({run.video_s:.1f} s)",
        _count(run.num_faces, "face"),
        _count(run.num_tracks, "track"),
        f"{run.no_face_share:.1%} of frames without a face",
        f"{run.low_quality_share:.1%} of faces of low quality",
    ]
    if run.wall_s > 0:
        parts.append(f"{run.wall_s:.1f} s, {run.frames_per_s:.0f} frames/s")
    return ", ".join(parts)


def track_table(tracks: Sequence[TrackSummary], max_lines: int = MAX_LINES) -> Table:
    """Return one line per track; of a long list the longest tracks, and how many not."""
    shown = sorted(tracks, key=lambda track: -track.num_frames)[:max_lines]
    left_out = len(tracks) - len(shown)
    table = Table(
        box=None,
        header_style="bold",
        title_justify="left",
        caption_justify="left",
        caption=f"and {_count(left_out, 'shorter track')}; all are in the table file"
        if left_out
        else None,
    )
    for name in ("track", "time", "frames", "valence", "arousal"):
        table.add_column(name, justify="right")
    table.add_column("perceived expressions")
    table.add_column("action units")
    for track in sorted(shown, key=lambda each: each.track_id):
        table.add_row(
            str(track.track_id),
            f"{track.start_s:.1f}-{track.stop_s:.1f} s",
            str(track.num_frames),
            _signed(track.valence),
            _signed(track.arousal),
            _shares(track.expressions),
            _shares(track.action_units),
        )
    return table


def summary_json(run: RunSummary, tracks: Sequence[TrackSummary]) -> dict[str, Any]:
    """Return totals and tracks as JSON values."""
    shares = {
        "frames_per_s": run.frames_per_s,
        "no_face_share": run.no_face_share,
        "low_quality_share": run.low_quality_share,
    }
    return {"run": asdict(run) | shares, "tracks": [asdict(track) for track in tracks]}


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def _shares(shares: Sequence[Share]) -> str:
    texts = [f"{each.label} {each.share:.0%}" for each in shares[:MAX_SHARES]]
    return ", ".join(texts) or "-"
