"""Batched inference of a trained model on sequences, with the analyzer's windows.

Symbols: B windows, T rows of a sequence, L rows of one window, K columns of all tasks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from wildaffect.core.causal import causal_padding_s, causal_windows, left_padding_s
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.stitching import stitch
from wildaffect.core.tasks import SINGLE_TASKS, LabelSpaces, Task
from wildaffect.core.windows import AnyWindow, CausalWindow, LeftPaddedWindow, cut
from wildaffect.training.core.probs import to_probs

ROWS_PER_BATCH = 4096
"""Maximum number of rows per batch, including padding."""

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """Rows of a sequence to predict, and their windows."""

    features: Tensor
    """Shape (T, D)."""
    time_s: NDArray[np.float64]
    windows: list[slice]
    paddings_s: list[NDArray[np.float64]]
    """Times of the left padding of each window, which repeats its first row."""


class _Piece(NamedTuple):
    """One window of one track."""

    track: int
    window: int
    length: int
    """Number of rows, including the left padding."""


def predict_sequences(
    model: nn.Module,
    sequences: Sequence[FrameSequence],
    window: AnyWindow,
    spaces: LabelSpaces | None = None,
) -> list[SequenceOutputs]:
    """Predict the rows with features of each sequence.

    Windows and the merging of their outputs are those of the analyzer; windows of similar
    length share a batch, which changes values only by rounding.

    Args:
        model: Model; it is switched to evaluation mode.
        sequences: Sequences, each with at least one row that has features.
        window: Windowing of the sequences.
        spaces: Scales of the outputs, if any are on scales.
    """
    spaces = spaces or LabelSpaces()
    model.eval()
    tracks = [_track_of(sequence, window) for sequence in sequences]
    found: list[list[Floats]] = [[np.zeros(0)] * len(track.windows) for track in tracks]
    widths: dict[Task, int] = {}
    with torch.inference_mode():
        for batch in _batches(tracks):
            outputs = _predict_batch(model, batch, tracks, spaces)
            widths = {task: values.shape[-1] for task, values in outputs.items()}
            columns = torch.cat(list(outputs.values()), -1).cpu().numpy()
            for row, piece in enumerate(batch):
                kept = _kept_rows(piece, tracks[piece.track], window)
                found[piece.track][piece.window] = columns[row, kept].copy()
    return [
        _to_outputs(sequence, _join(track, values, window), widths)
        for sequence, track, values in zip(sequences, tracks, found, strict=True)
    ]


def _track_of(sequence: FrameSequence, window: AnyWindow) -> _Track:
    rows = sequence.computed_rows
    time_s = sequence.time_s[rows]
    windows, paddings_s = _windows_of(time_s, window)
    features = torch.from_numpy(sequence.features[rows].astype(np.float32, copy=False))
    return _Track(features=features, time_s=time_s, windows=windows, paddings_s=paddings_s)


def _windows_of(
    time_s: NDArray[np.float64], window: AnyWindow
) -> tuple[list[slice], list[NDArray[np.float64]]]:
    """Return the rows of every window, and the times of the left padding of each."""
    if isinstance(window, CausalWindow):
        causal = causal_windows(time_s, window)
        return causal, [
            causal_padding_s(time_s[rows], float(time_s[row]), window)
            for row, rows in enumerate(causal)
        ]
    whole = cut(time_s, window)
    if isinstance(window, LeftPaddedWindow):
        return whole, [left_padding_s(float(time_s[rows.start]), window) for rows in whole]
    return whole, [np.zeros(0)] * len(whole)


def _batches(tracks: Sequence[_Track]) -> Iterator[list[_Piece]]:
    pieces = [
        _Piece(number, index, len(track.paddings_s[index]) + rows.stop - rows.start)
        for number, track in enumerate(tracks)
        for index, rows in enumerate(track.windows)
    ]
    pieces.sort(key=lambda piece: piece.length, reverse=True)
    first = 0
    while first < len(pieces):
        num = max(1, ROWS_PER_BATCH // pieces[first].length)
        yield pieces[first : first + num]
        first += num


def _predict_batch(
    model: nn.Module,
    batch: Sequence[_Piece],
    tracks: Sequence[_Track],
    spaces: LabelSpaces,
) -> dict[Task, Tensor]:
    device = next(model.parameters()).device
    filled = [_filled(tracks[piece.track], piece.window) for piece in batch]
    features = pad_sequence([rows for rows, _ in filled], batch_first=True)
    times_s = [times for _, times in filled]
    longest = features.shape[1]
    since = np.stack(
        [
            np.pad(times - times[0], (0, longest - len(times)), mode="edge")
            for times in times_s
        ]
    )
    outputs = model(
        features.to(device),
        torch.tensor([piece.length for piece in batch], device=device),
        torch.from_numpy(since.astype(np.float32)).to(device),
    )
    return {task: to_probs(task, raw, spaces) for task, raw in outputs.items()}


def _filled(track: _Track, window: int) -> tuple[Tensor, NDArray[np.float64]]:
    """Return features and times of a window with its left padding."""
    rows, padding_s = track.windows[window], track.paddings_s[window]
    real = track.features[rows]
    padding = real[:1].expand(len(padding_s), -1)
    return torch.cat((padding, real)), np.concatenate([padding_s, track.time_s[rows]])


def _kept_rows(piece: _Piece, track: _Track, window: AnyWindow) -> slice:
    """Return the rows of a window to keep; only its own row for a causal window."""
    first = len(track.paddings_s[piece.window])
    if not isinstance(window, CausalWindow):
        return slice(first, piece.length)
    own = first + piece.window - track.windows[piece.window].start
    return slice(own, own + 1)


def _join(track: _Track, values: list[Floats], window: AnyWindow) -> Floats:
    if isinstance(window, CausalWindow):
        return np.concatenate(values)
    return stitch(values, track.windows, times_s=track.time_s, spec=window)


def _to_outputs(
    sequence: FrameSequence, columns: Floats, widths: dict[Task, int]
) -> SequenceOutputs:
    stops = np.cumsum(list(widths.values()))
    parts = np.split(columns.astype(np.float32), stops[:-1], axis=1)
    probs = {
        task: part[:, 0] if task in SINGLE_TASKS else part
        for task, part in zip(widths, parts, strict=True)
    }
    rows = sequence.computed_rows
    return SequenceOutputs(
        video=sequence.video,
        frame_number=sequence.frame_number[rows],
        time_s=sequence.time_s[rows],
        probs=probs,
    )
