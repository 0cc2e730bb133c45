"""Fast parsing of text files to columns, with the line number of every row.

Symbols: N rows that could be split, F fields.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, csv

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.formats.problems import Kind, Problem

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_LONGEST_LINE = 1 << 20
_NEWLINE = ord("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field of every row, as text."""

    tokens: tuple[str, ...]
    """Distinct spellings, blanks at the ends removed."""
    codes: NDArray[np.int64]
    """Position of each row's spelling in `tokens`, shape (N,)."""

    def __getitem__(self, row: int) -> str:
        return self.tokens[self.codes[row]]

    def __len__(self) -> int:
        return len(self.codes)

    def numbers(self) -> NDArray[np.float64]:
        """Return each row's value, NaN where it is not a plain finite number."""
        tokens = pa.array(self.tokens, pa.string())
        plain = compute.match_substring_regex(tokens, _NUMBER)
        spelled = compute.if_else(plain, compute.utf8_ltrim(tokens, "+"), "nan")
        values = spelled.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return np.where(np.isinf(values), np.nan, values)[self.codes]

    def strings(self) -> list[str]:
        """Return each row's spelling."""
        return [self.tokens[code] for code in self.codes]

    def keep(self, rows: NDArray[np.bool_]) -> "Column":
        """Return the column without the rows where `rows` is False."""
        return Column(tokens=self.tokens, codes=self.codes[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of a file that have the right number of fields."""

    path: str
    columns: tuple[Column, ...]
    lines: NDArray[np.int64]
    """Line of each row, from 1, shape (N,)."""
    problems: tuple[Problem, ...]
    """Problem for every line that is not a row."""


def read_text(path: Path) -> bytes:
    """Return the file as UTF-8 with one kind of line end and none at its end.

    Raises:
        MissingData: If the file does not exist or is not readable.
        BadAnnotation: If it is not UTF-8 text; the message includes the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MissingData(
            f"{path}: the file must be readable, got {error.strerror}"
        ) from None
    nul = data.find(b"\0")
    if nul >= 0:
        raise BadAnnotation(
            path, data.count(b"\n", 0, nul) + 1, "must be plain text, got a zero byte"
        )
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise BadAnnotation(
            path, line, f"must be UTF-8 text, got byte 0x{byte:02x}; save it as UTF-8"
        ) from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n\t ")


def read_header(path: Path, data: bytes) -> str:
    """Return the first line of a text from `read_text`.

    Raises:
        BadAnnotation: If the file is empty.
    """
    if not data:
        raise BadAnnotation(path, 1, "must begin with a header, got an empty file")
    return data.split(b"\n", 1)[0].decode().strip()


def split_rows(
    path: Path, data: bytes, *, num_fields: int, skip: int = 1, separator: str = ","
) -> Table:
    """Split every line after the first `skip`; a single trailing separator is allowed.

    Returns:
        The rows with `num_fields` fields, and a problem for every other line.

    Raises:
        BadAnnotation: If a line is longer than any valid annotation.
    """
    for _ in range(skip):
        data = data.partition(b"\n")[2]
    if not data:
        return _no_rows(path, num_fields)
    ends, counts = _count_separators(data + b"\n", separator)
    lengths = np.diff(ends, prepend=-1)
    if lengths.max() > _LONGEST_LINE:
        raise BadAnnotation(
            path, int(lengths.argmax()) + skip + 1, "the line must be shorter than 1 MiB"
        )
    good = counts == num_fields - 1
    problems: list[Problem] = []
    if not good.all():
        data, good, problems = _drop_bad_lines(
            path, data, counts, num_fields=num_fields, skip=skip, separator=separator
        )
    lines = np.flatnonzero(good) + skip + 1
    return Table(
        path=str(path),
        columns=_to_columns(data, len(lines), num_fields=num_fields, separator=separator),
        lines=lines.astype(np.int64),
        problems=tuple(problems),
    )


def encode(strings: Iterable[str]) -> Column:
    """Return the column of `strings`."""
    return _to_column(pa.array(list(strings), pa.string()))


def _no_rows(path: Path, num_fields: int) -> Table:
    empty = Column(tokens=(), codes=np.zeros(0, np.int64))
    return Table(
        path=str(path),
        columns=(empty,) * num_fields,
        lines=np.zeros(0, np.int64),
        problems=(),
    )


def _count_separators(
    data: bytes, separator: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    buffer = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(buffer == _NEWLINE)
    places = np.flatnonzero(buffer == ord(separator))
    return ends, np.diff(np.searchsorted(places, ends), prepend=0)


def _drop_bad_lines(
    path: Path,
    data: bytes,
    counts: NDArray[np.int64],
    *,
    num_fields: int,
    skip: int,
    separator: str,
) -> tuple[bytes, NDArray[np.bool_], list[Problem]]:
    end = separator.encode()
    lines = data.split(b"\n")
    good = counts == num_fields - 1
    problems = []
    for row in np.flatnonzero(~good):
        line = lines[row].rstrip(b"\t " if separator == "," else b" ")
        if counts[row] == num_fields and line.endswith(end):
            lines[row], good[row] = line[:-1], True
            continue
        text = f"a row must have {num_fields} fields, got {counts[row] + 1}"
        if not line.strip():
            text = "a row must not be blank"
        problems.append(Problem(str(path), int(row) + skip + 1, Kind.UNREADABLE_ROW, text))
    kept = (line for line, is_good in zip(lines, good, strict=True) if is_good)
    return b"\n".join(kept), good, problems


def _to_columns(
    data: bytes, num_rows: int, *, num_fields: int, separator: str
) -> tuple[Column, ...]:
    if num_rows == 0:
        return _no_rows(Path(), num_fields).columns
    if num_fields == 1:
        return (_to_column(pa.array(data.decode().split("\n"), pa.string())),)
    names = [str(index) for index in range(num_fields)]
    table = csv.read_csv(
        pa.BufferReader(data + b"\n"),
        read_options=csv.ReadOptions(column_names=names, block_size=1 << 24),
        parse_options=csv.ParseOptions(
            delimiter=separator, quote_char=False, ignore_empty_lines=False
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return tuple(_to_column(table[name].combine_chunks()) for name in names)


def _to_column(array: pa.Array) -> Column:
    encoded = array.dictionary_encode()
    return Column(
        tokens=tuple(token.strip() for token in encoded.dictionary.to_pylist()),
        codes=encoded.indices.to_numpy().astype(np.int64),
    )
