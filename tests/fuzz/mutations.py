"""Ways to spoil a file, all drawn from a seeded generator."""

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

NUMBERS = (0, 1, -1, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
LARGE = (2**62, 2**63 - 1, 2**63, 2**64 - 1)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, 1e308, -1e308, 1e-320, 2**63, 10**400),
    *(float("nan"), float("inf"), float("-inf")),
    *("", "a", "/etc/passwd", "../x", "=1+1", "\x1b[2J", "\0", "\ud800", "é" * 300),
    *([], {}, [[]], [0], {"a": 1}, [[[[[[]]]]]]),
)
TOKENS = (
    *(b"nan", b"-nan", b"inf", b"1e999", b"-1", b"-5", b"9" * 400, b"0x10", b"", b" "),
    *(b"../../x/00001.jpg", b"/abs/1.jpg", b"\xff\xfe", b"\0", b'"', b",,,,", b"=1+1"),
    *(b"\r", b"\t", "\u0661".encode(), b"true", b"[" * 5000, b"1_0", b"AU99", b"-0"),
)


def mutate(data: bytes, random: Random) -> bytes:
    """Return the file with one to four spots changed."""
    for _ in range(random.choice((1, 1, 2, 4))):
        data = random.choice(_BYTE_CHANGES)(data, random)
    return data


def mutate_lines(data: bytes, random: Random, separator: bytes = b",") -> bytes:
    """Return a table with fields and lines changed, or bytes as `mutate` does."""
    if random.random() < 0.3:
        return mutate(data, random)
    lines = data.split(b"\n")
    for _ in range(random.choice((1, 1, 2, 4))):
        row = random.randrange(len(lines))
        random.choice(_LINE_CHANGES)(lines, row, random, separator)
        lines = lines or [b""]
    return b"\n".join(lines)


def mutate_json(data: bytes, random: Random) -> bytes:
    """Return a document with values changed, or bytes as `mutate` does."""
    if random.random() < 0.25:
        return mutate(data, random)
    if random.random() < 0.05:
        return random.choice((b"[", b'{"a":', b"-", b"1e999,")) * 50_000
    document = json.loads(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        document = _changed(document, random)
    return json.dumps(document).encode()


def _changed(document: Any, random: Random) -> Any:
    """Return a document in which one place is another."""
    inner = isinstance(document, dict | list) and document and random.random() < 0.85
    if not inner:
        return deepcopy(random.choice(VALUES))
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = random.choice(keys)
    act = random.random()
    if act < 0.1:
        del document[key]
    elif act < 0.15 and isinstance(document, dict):
        document[random.choice(("more", "", *keys))] = deepcopy(document[key])
    elif act < 0.2 and isinstance(document, list):
        document.extend(deepcopy(document) * random.choice((1, 1, 200)))
    else:
        document[key] = _changed(document[key], random)
    return document


def _flip(data: bytes, random: Random) -> bytes:
    changed = bytearray(data or b"\0")
    for _ in range(random.choice((1, 3, 20))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _noise(data: bytes, random: Random) -> bytes:
    start, stop = _range(data, random)
    return data[:start] + random.randbytes(stop - start) + data[stop:]


def _drop(data: bytes, random: Random) -> bytes:
    start, stop = _range(data, random)
    return data[:start] + data[stop:]


def _repeat(data: bytes, random: Random) -> bytes:
    start, stop = _range(data, random)
    return data[:stop] + data[start:stop] * random.choice((1, 1, 50)) + data[stop:]


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _insert(data: bytes, random: Random) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.randbytes(random.choice((1, 4, 100))) + data[place:]


def _number(data: bytes, random: Random) -> bytes:
    width = random.choice((1, 2, 4, 8))
    value = random.choice((*NUMBERS, *LARGE)) % (1 << (8 * width))
    content = value.to_bytes(width, random.choice(("little", "big")))
    place = random.randrange(max(1, len(data) - width))
    return data[:place] + content + data[place + width :]


def _swap(data: bytes, random: Random) -> bytes:
    start, stop = _range(data, random)
    return data[:start] + data[stop:] + data[start:stop]


def _range(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.choice((1, 4, 16, 200, 4000)))


_BYTE_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_flip, _flip, _noise, _drop, _repeat, _cut, _insert, _number, _number, _swap),
)


def _field(lines: list[bytes], row: int, random: Random, separator: bytes) -> None:
    fields = lines[row].split(separator)
    fields[random.randrange(len(fields))] = random.choice(TOKENS)
    lines[row] = separator.join(fields)


def _fewer(lines: list[bytes], row: int, random: Random, separator: bytes) -> None:
    fields = lines[row].split(separator)
    del fields[random.randrange(len(fields))]
    lines[row] = separator.join(fields)


def _again(lines: list[bytes], row: int, random: Random, separator: bytes) -> None:
    lines.insert(random.randrange(len(lines) + 1), lines[row])


def _without(lines: list[bytes], row: int, random: Random, separator: bytes) -> None:
    del lines[row]


def _bytes_of_line(lines: list[bytes], row: int, random: Random, separator: bytes) -> None:
    lines[row] = mutate(lines[row], random)


_LINE_CHANGES = (_field, _field, _field, _fewer, _again, _without, _bytes_of_line)
