"""Names from outside as text that is safe to show."""

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters, which begin escape sequences
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # marks that turn or break lines
    "\ud800-\udfff]"  # bytes of a file name that is no UTF-8
)


def printable(text: str) -> str:
    r"""Return text with only printable characters.

    Control characters, marks that change the direction of writing, and the bytes of names
    that are no UTF-8 are written as `\xNN` or `\uNNNN`. A terminal then executes nothing,
    and every table format can represent the text.
    """
    return _UNSAFE.sub(_escape, text)


def printable_lines(text: str) -> str:
    """Return the same with line ends and tabs kept."""
    return re.sub(r"[^\n\t]+", lambda line: printable(line[0]), text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, as in `1 video` and `2 videos`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
