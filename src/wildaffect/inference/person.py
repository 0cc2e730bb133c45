"""Streaming results of one track from its observations, in bounded memory."""

from collections import deque

import numpy as np

from wildaffect.core.faces import Status
from wildaffect.core.results import FaceResult
from wildaffect.core.streaming import Finished
from wildaffect.inference.inputs import FaceRow, Inputs, Vector, changes
from wildaffect.inference.model import Model
from wildaffect.inference.neutral import Neutral
from wildaffect.inference.postprocess import smoothing_by_column, to_affect
from wildaffect.inference.rows import GapFiller
from wildaffect.inference.runs import build_stream
from wildaffect.inference.streaming_smoother import StreamingSmoother
from wildaffect.signals.reader import SignalReader


class PersonStream:
    """Runs one track through neutral, windows, smoothing and abstention.

    Rows are returned in order, each exactly once, after at most the warm-up of the neutral,
    the length of the longest window (or the delay, if it is causal), one step of the
    model's rate and the reach of the smoothing.

    Args:
        inputs: Inputs of the networks.
        model: The networks.
        neutral: Reference for changes; None if the networks read no changes.
        warm_up_s: Delay of the first rows for a first estimate of the neutral.
        keep_features: Include the measurements in results, raw and as changes.
    """

    def __init__(
        self,
        inputs: Inputs,
        model: Model,
        *,
        neutral: Neutral | None,
        warm_up_s: float,
        keep_features: bool,
    ) -> None:
        self._inputs, self._model = inputs, model
        self._warm_up_s = warm_up_s
        self._keep_features = keep_features
        manifest = model.manifest
        self._neutral = neutral
        self._gaps = GapFiller(tuple(backbone.name for backbone in inputs.backbones))
        self._windows = build_stream(model)
        self._smoother = StreamingSmoother(smoothing_by_column(manifest, model.layout))
        self._signals = SignalReader()
        self._warming: list[FaceRow] | None = []
        self._open: deque[tuple[FaceRow, dict[str, Vector], float]] = deque()

    def push(self, row: FaceRow) -> list[FaceResult]:
        """Add the next row and return the results that are now final."""
        return [result for whole in self._gaps.push(row) for result in self._warm_up(whole)]

    def finish(self) -> list[FaceResult]:
        """End the track and return the buffered results."""
        held, self._warming = self._warming or [], None
        results = [result for row in held for result in self._predict(row)]
        results += self._smooth(self._windows.flush())
        return results + [self._result(values) for values in self._smoother.finish()]

    def _warm_up(self, row: FaceRow) -> list[FaceResult]:
        if self._neutral and row.face.status is Status.OK:
            self._neutral.update(
                row.time_s, row.measured["geometry"], row.measured["blendshapes"]
            )
        if self._warming is None:
            return self._predict(row)
        self._warming.append(row)
        waited_s = row.time_s - self._warming[0].time_s
        if self._neutral and waited_s < self._warm_up_s:
            return []
        held, self._warming = self._warming, None
        return [result for row in held for result in self._predict(row)]

    def _predict(self, row: FaceRow) -> list[FaceResult]:
        vector = self._inputs.vector(row, self._neutral)
        kept: dict[str, Vector] = {}
        if self._keep_features:
            kept = dict(row.measured)
            kept |= changes(row, self._neutral) if self._neutral else {}
        known = self._neutral.confidence if self._neutral else float("nan")
        self._open.append((row, kept, known))
        return self._smooth(self._windows.push(np.array([row.time_s]), vector[None]))

    def _smooth(self, finished: Finished) -> list[FaceResult]:
        return [
            self._result(values)
            for time_s, outputs in zip(finished.times_s, finished.outputs, strict=True)
            for values in self._smoother.push(float(time_s), outputs.astype(np.float32))
        ]

    def _result(self, values: Vector) -> FaceResult:
        row, kept, known = self._open.popleft()
        withheld = row.face.status is Status.LOW_QUALITY
        return FaceResult(
            frame_index=row.frame_index,
            time_s=row.time_s,
            status=row.face.status,
            face=row.face,
            affect=None
            if withheld
            else to_affect(values, self._model.manifest, self._model.layout),
            signals=self._signals.read(row.time_s, row.face),
            features=kept,
            neutral_known=known,
        )
