"""Summaries as a line, a table for the terminal, and JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table

from wildaffect.outputs.summary import RunSummary, Share, TrackSummary

MAX_LINES = 20
MAX_EXPRESSIONS = 2
MOST_FRAMES = 0.5
"""Minimum share of the frames for an action unit to be listed."""
MAX_UNITS = 4
"""Maximum number of action units that are listed, the most frequent ones."""
NAME_WIDTH = 20
MIN_WHOLE_RATE = 9.5
"""Lower rates are printed with a decimal."""
LONG_S = 1000.0
"""Times from here on are listed without decimals."""


def summary_line(run: RunSummary) -> str:
    """Return the totals in one line."""
    num_timed = run.num_frames - run.num_images
    has_video = num_timed > 0 or not run.num_images
    parts = []
    if has_video:
        parts.append(_count(run.num_files, "file"))
        parts.append(f"{_count(num_timed, 'frame')} ({run.video_s:.1f} s)")
    if run.num_images:
        parts.append(_count(run.num_images, "image"))
    parts.append(_count(run.num_faces, "face"))
    if has_video:  # in photographs every face is a track
        parts.append(_count(run.num_tracks, "track"))
    parts += [
        f"{run.no_face_share:.1%} of {'frames' if num_timed else 'images'} without a face",
        f"{run.low_quality_share:.1%} of faces of low quality",
    ]
    if run.wall_s > 0:
        unit = "frames" if has_video else "images"
        parts.append(f"{run.wall_s:.1f} s, {_rate(run.frames_per_s)} {unit}/s")
    return ", ".join(parts)


def track_table(tracks: Sequence[TrackSummary], max_lines: int = MAX_LINES) -> Table:
    """Return one entry per track, 80 columns wide at most.

    Of a long list, only the longest tracks are shown, with the number of the others.
    """
    shown = sorted(tracks, key=lambda track: -track.num_frames)[:max_lines]
    left_out = len(tracks) - len(shown)
    are_images = any(track.image for track in shown)
    others = "more face" if are_images else "shorter track"
    table = Table(
        box=None,
        header_style="bold",
        title_justify="left",
        caption_justify="left",
        caption=f"and {_count(left_out, others)}; all are in the table file"
        if left_out
        else None,
    )
    table.add_column("track", justify="right")
    if are_images:
        table.add_column("image", no_wrap=True, max_width=NAME_WIDTH)
    else:
        table.add_column("time", justify="right", no_wrap=True)
        table.add_column("frames", justify="right")
    table.add_column("valence", justify="right")
    table.add_column("arousal", justify="right")
    table.add_column("perceived\nexpression", no_wrap=True)
    table.add_column("action units" + ("" if are_images else "\nin most frames"))
    for track in sorted(shown, key=lambda each: each.track_id):
        place = (
            [track.image or "-"] if are_images else [_span(track), str(track.num_frames)]
        )
        table.add_row(
            str(track.track_id),
            *(escape(cell) for cell in place),
            _signed(track.valence),
            _signed(track.arousal),
            _expressions(track, with_shares=not are_images),
            _units(track.action_units),
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


def _rate(per_s: float) -> str:
    return f"{per_s:.{0 if per_s >= MIN_WHOLE_RATE else 1}f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def _span(track: TrackSummary) -> str:
    if track.num_frames == 1:
        return f"{track.start_s:.1f} s"
    decimals = 1 if track.stop_s < LONG_S else 0
    return f"{track.start_s:.{decimals}f}-{track.stop_s:.{decimals}f} s"


def _expressions(track: TrackSummary, *, with_shares: bool) -> str:
    """Return the most frequent expressions, one per line."""
    shares = track.expressions[:MAX_EXPRESSIONS]
    texts = [f"{s.label} {s.share:.0%}" if with_shares else s.label for s in shares]
    return "\n".join(texts) or "-"


def _units(shares: Sequence[Share]) -> str:
    """Return the units of most frames by their number, such as `AU06 12 17 25 +3`."""
    most = [share.label for share in shares if share.share >= MOST_FRAMES]
    first, *others = sorted(most[:MAX_UNITS]) or ["-"]
    more = [f"+{len(most) - MAX_UNITS}"] if len(most) > MAX_UNITS else []
    return " ".join([first, *(label.removeprefix("AU") for label in others), *more])
