"""Which way of running a model over a stream a manifest asks for."""

from wildaffect.core.rate import Stream, StreamingAtRate
from wildaffect.core.streaming import Predict, StreamingWindows
from wildaffect.core.trailing import StreamingTrailing
from wildaffect.core.windows import AnyWindow, TrailingSpec, WindowSpec, longest_gap_s
from wildaffect.inference.manifest import Manifest


def build_stream(predict: Predict, manifest: Manifest) -> Stream:
    """Return what takes feature rows and gives back what `predict` says of each."""
    inner = _over_windows(predict, manifest.window)
    if manifest.rate_hz is None:
        return inner
    return StreamingAtRate(
        inner, manifest.rate_hz, longest_gap_s=longest_gap_s(manifest.window)
    )


def _over_windows(predict: Predict, spec: AnyWindow) -> Stream:
    match spec:
        case WindowSpec():
            return StreamingWindows(predict, spec)
        case TrailingSpec():
            return StreamingTrailing(predict, spec)
