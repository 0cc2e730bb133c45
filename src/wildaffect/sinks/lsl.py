"""Lab Streaming Layer: one stream of numbers, beside EEG, eye trackers and markers."""

import math
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from wildaffect.core.errors import MissingExtra, OutputError
from wildaffect.outputs.schema import Column, ResultSchema
from wildaffect.sinks.sink import LiveRow

_TYPE = "Affect"
_NO_LOG = "[log]\nlevel = -2\n"
"""Errors alone, where the library would write to the terminal of every program."""


class LslSink:
    """Announces a stream with a channel per numeric column, 64-bit floats.

    A sample is a row: `track_id` says whose. Truth values are 0 and 1; empty cells are NaN,
    so that all channels after `track_id` are NaN where no face was read. The time stamp is
    that of the frame's arrival. The rate is irregular, as frames may be dropped.

    Args:
        name: Name of the stream.
        schema: Columns of the rows.
    """

    def __init__(self, name: str, schema: ResultSchema) -> None:
        self._name = name
        self._channels = [each for each in schema.columns if each.type != "string"]
        self._outlet: Any = None
        self._offset_s = 0.0
        """Time on the clock of LSL minus `time.monotonic`."""

    def __enter__(self) -> Self:
        try:
            import pylsl  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MissingExtra("lsl:", "live") from error
        except RuntimeError as error:  # its library is absent from some systems
            raise OutputError(f"lsl:{self._name}: {error}") from error
        if not _has_settings():
            pylsl.set_config_content(_NO_LOG)
        info = pylsl.StreamInfo(
            self._name,
            _TYPE,
            len(self._channels),
            pylsl.IRREGULAR_RATE,
            pylsl.cf_double64,
            f"wildaffect-{uuid4().hex}",
        )
        channels = info.desc().append_child("channels")
        for column in self._channels:
            _describe(channels.append_child("channel"), column)
        self._outlet = pylsl.StreamOutlet(info)
        self._offset_s = pylsl.local_clock() - time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._outlet = None  # ends the stream

    def send(self, row: LiveRow) -> None:
        """Push a row as a sample; see `Sink`."""
        values = row.values
        sample = [float(values.get(each.name, math.nan)) for each in self._channels]
        self._outlet.push_sample(sample, row.arrived_s + self._offset_s)


def _has_settings() -> bool:
    """Return whether the user configured LSL, in one of the places where it looks."""
    places = (Path.cwd(), Path.home() / "lsl_api", Path("/etc/lsl_api"))
    return "LSLAPICFG" in os.environ or any(
        (place / "lsl_api.cfg").exists() for place in places
    )


def _describe(channel: Any, column: Column) -> None:
    channel.append_child_value("label", column.name)
    channel.append_child_value("unit", column.unit)
    channel.append_child_value("type", str(column.group))
