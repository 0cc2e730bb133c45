"""Copy of the sound of a source, cut to a range of time, into another video."""

import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from wildaffect.video.picture import DamagedVideoWarning
from wildaffect.video.sources import open_container
from wildaffect.video.streams import time_zero_s

_COPIED = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"})
"""Codecs that MP4 and common players support; others become AAC."""

_AAC_RATE_HZ = 48_000


class SoundTrack:
    """Sound that is written interleaved with its video."""

    def __init__(self, source: Path, output: OutputContainer) -> None:
        """Open the first sound stream of `source`; without one nothing is written.

        Times are those of the source's frames.
        """
        self._source = source
        self._input = open_container(source)
        self._packets: Iterator[tuple[float, Any]] = iter(())
        self._held: tuple[float, Any] | None = None
        self._origin_s = float(time_zero_s(self._input))
        if self._input.streams.audio:
            stream = self._input.streams.audio[0]
            writer = _writer(stream, output)
            self._writer = writer
            self._packets = self._timed(self._input, stream, writer)

    def write_until(self, stop_s: float, *, start_s: float) -> None:
        """Write the sound of [start_s, stop_s) that was not written yet; start_s becomes 0.

        Whole packets are written, each of about 20 ms.
        """
        while True:
            held = self._held or next(self._packets, None)
            self._held = held
            if held is None or held[0] >= stop_s:
                return
            if held[0] + _duration_s(held[1]) > start_s:
                self._writer.write(held[1], start_s=start_s + self._origin_s)
            self._held = None

    def finish(self) -> None:
        """Flush the encoder and close the source."""
        if self._input.streams.audio:
            self._writer.finish()
        self.close()

    def close(self) -> None:
        """Close the source."""
        self._packets = iter(())
        self._input.close()

    def _timed(
        self, container: InputContainer, stream: AudioStream, writer: "_Writer"
    ) -> Iterator[tuple[float, Any]]:
        """Yield packets or decoded sound with its time on the clock of the frames."""
        origin_s = self._origin_s
        try:
            for packet in container.demux(stream):
                for piece in writer.pieces(packet):
                    if piece.pts is not None and piece.time_base is not None:
                        yield float(piece.pts * piece.time_base) - origin_s, piece
        except av.FFmpegError as error:
            reason = (error.strerror or type(error).__name__).lower()
            message = f"{self._source}: the sound breaks off ({reason}); the rest is silent"
            warnings.warn(DamagedVideoWarning(message), stacklevel=2)


class _Writer(Protocol):
    def pieces(self, packet: Any) -> list[Any]:
        """Return the part of a source's packet within the range of time."""

    def write(self, piece: Any, *, start_s: float) -> None:
        """Write a packet, with `start_s` on the source's clock as 0."""

    def finish(self) -> None:
        """Write the remaining packets."""


class _Copier:
    """Copies packets without decoding them."""

    def __init__(self, source: AudioStream, output: OutputContainer) -> None:
        self._stream = output.add_stream_from_template(source)
        self._output = output

    def pieces(self, packet: Any) -> list[Any]:
        return [packet] if packet.size else []

    def write(self, piece: Any, *, start_s: float) -> None:
        shift = round(Fraction(start_s) / piece.time_base)
        piece.pts -= shift
        if piece.dts is not None:
            piece.dts -= shift
        piece.stream = self._stream
        self._output.mux(piece)

    def finish(self) -> None:
        pass


class _Transcoder:
    """Decodes sound and encodes it as AAC."""

    def __init__(self, source: AudioStream, output: OutputContainer) -> None:
        layout = "mono" if source.codec_context.channels == 1 else "stereo"
        self._stream = output.add_stream("aac", rate=_AAC_RATE_HZ, layout=layout)
        self._output = output

    def pieces(self, packet: Any) -> list[Any]:
        return list(packet.decode())

    def write(self, piece: Any, *, start_s: float) -> None:
        piece.pts -= round(Fraction(start_s) / piece.time_base)
        self._output.mux(self._stream.encode(piece))

    def finish(self) -> None:
        self._output.mux(self._stream.encode(None))


def _duration_s(piece: Any) -> float:
    return float((piece.duration or 0) * piece.time_base)


def _writer(source: AudioStream, output: OutputContainer) -> _Writer:
    if source.codec_context.name.removesuffix("float") in _COPIED:
        return _Copier(source, output)
    return _Transcoder(source, output)
