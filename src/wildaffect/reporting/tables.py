"""Tables of text, rendered for the terminal, as Markdown and as HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape as escape_html
from typing import Literal

from rich.markup import escape as escape_markup
from rich.table import Table

Mood = Literal["good", "bad", "soft"]
_COLORS: dict[Mood, str] = {"good": "green", "bad": "red", "soft": "dim"}
_BAR_CELLS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A table of text: names on the left, numbers on the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    note: str = ""
    num_strong: int = 0
    """Number of first rows that are emphasized."""
    moods: Mapping[str, Mood] = field(default_factory=dict)
    """Text of a cell -> mood by which it is colored."""
    bars: tuple[float, ...] = ()
    """Share in [0, 1] of each row, drawn as a bar in the terminal; empty for none."""

    def without(self, *names: str) -> "TextTable":
        """Return the table without these columns."""
        kept = [place for place, name in enumerate(self.header) if name not in names]
        return replace(
            self,
            header=tuple(self.header[place] for place in kept),
            rows=tuple(tuple(row[place] for place in kept) for row in self.rows),
        )


def terminal_table(table: TextTable) -> Table:
    """Return the table for a console; the title, if any, stands over the names."""
    rendered = Table(box=None, header_style="bold", pad_edge=False)
    for place, name in enumerate(table.header):
        rendered.add_column(
            escape_markup(name or table.title) if place == 0 else escape_markup(name),
            justify="left" if place == 0 else "right",
            overflow="fold",
            no_wrap=place > 0,
        )
    if table.bars:
        rendered.add_column("", no_wrap=True)
    for place, row in enumerate(table.rows):
        cells = [_terminal_cell(cell, table.moods) for cell in row]
        if table.bars:
            cells.append(f"[cyan]{'━' * round(table.bars[place] * _BAR_CELLS)}[/cyan]")
        rendered.add_row(*cells, style="bold" if place < table.num_strong else None)
    return rendered


def _terminal_cell(text: str, moods: Mapping[str, Mood]) -> str:
    color = _COLORS.get(moods[text]) if text in moods else None
    return f"[{color}]{escape_markup(text)}[/]" if color else escape_markup(text)


def markdown_table(table: TextTable) -> str:
    """Return the rows as Markdown, without title and note; signs are escaped."""
    return markdown_rows(
        [markdown_text(cell) for cell in table.header],
        [[markdown_text(cell) for cell in row] for row in table.rows],
        num_left=1,
    )


def markdown_rows(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, num_left: int | None = None
) -> str:
    """Return rows of Markdown as they are; the first columns, or all, are left-aligned."""
    num_left = len(header) if num_left is None else num_left
    rule = "|---" * num_left + "|---:" * (len(header) - num_left) + "|"
    lines = [f"| {' | '.join(row)} |" for row in (header, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def markdown_text(text: str) -> str:
    """Return text in which no sign has a meaning in Markdown."""
    for sign in ("\\", "|", "*", "_", "<", "`"):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")


def html_table(table: TextTable, plots: Sequence[str] = ()) -> str:
    """Return the rows as HTML, without title and note, for a page of `html_page`.

    Args:
        table: Text of the cells.
        plots: HTML for a column before the last one, a plot per row; empty for none.
    """
    header = [f"<th>{escape_html(name)}</th>" for name in table.header]
    if plots:
        header.insert(-1, "<th></th>")
    lines = []
    for place, row in enumerate(table.rows):
        cells = [_html_cell(cell, table.moods) for cell in row]
        if plots:
            cells.insert(-1, f'<td class="plot">{plots[place]}</td>')
        kind = ' class="strong"' if place < table.num_strong else ""
        lines.append(f"<tr{kind}>{''.join(cells)}</tr>")
    return (
        f'<div class="wide"><table><thead><tr>{"".join(header)}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _html_cell(text: str, moods: Mapping[str, Mood]) -> str:
    kind = f' class="{moods[text]}"' if text in moods else ""
    return f"<td{kind}>{escape_html(text)}</td>"
