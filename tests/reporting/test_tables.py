from io import StringIO

from wildaffect.core.console import Console
from wildaffect.reporting.page import html_page, html_table_section
from wildaffect.reporting.tables import (
    TextTable,
    html_table,
    markdown_rows,
    markdown_table,
    terminal_table,
)

TABLE = TextTable(
    title="scores",
    header=("", "F1", "this is"),
    rows=(("<b>all|[red]", "0.50", "better"), ("AU01", "0.25", "-")),
    note="a & b",
    num_strong=1,
    moods={"better": "good"},
    bars=(0.5, 0.25),
)


def printed(table, *, color=False):
    file = StringIO()
    Console(file=file, width=60, force_terminal=color).print(terminal_table(table))
    return file.getvalue()


def test_markdown_is_aligned_and_escaped():
    assert markdown_table(TABLE).splitlines() == [
        "|  | F1 | this is |",
        "|---|---:|---:|",
        "| \\<b>all\\|[red] | 0.50 | better |",
        "| AU01 | 0.25 | - |",
    ]


def test_rows_of_markdown_are_kept_as_they_are():
    assert markdown_rows(("a", "b"), [("`x`", "1")]) == "| a | b |\n|---|---|\n| `x` | 1 |"


def test_html_is_escaped_and_marks_what_is_emphasized():
    page = html_table(TABLE)
    assert "<b>all" not in page
    assert '<tr class="strong"><td>&lt;b&gt;all|[red]</td>' in page
    assert '<td class="good">better</td>' in page
    assert page.count("<tr") == 3


def test_plots_stand_before_the_last_column():
    page = html_table(TABLE, ["<svg>1</svg>", "<svg>2</svg>"])
    assert '<td>0.50</td><td class="plot"><svg>1</svg></td><td class="good">' in page
    assert "<th>F1</th><th></th><th>this is</th>" in page


def test_a_page_holds_title_table_and_note():
    page = html_page("a < b", html_table_section(TABLE))
    assert "<title>a &lt; b</title>" in page
    assert "<h2>scores</h2>" in page
    assert "<small>a &amp; b</small>" in page


def test_the_terminal_shows_the_title_and_bars_and_executes_no_markup():
    lines = printed(TABLE).splitlines()
    assert lines[0].split() == ["scores", "F1", "this", "is"]
    assert lines[1].split() == ["<b>all|[red]", "0.50", "better", "\u2501" * 5]
    assert lines[2].split() == ["AU01", "0.25", "-", "\u2501" * 2]
    assert "\x1b[1;32mbetter" in printed(TABLE, color=True)


def test_columns_are_left_out_by_name():
    narrow = TABLE.without("F1")
    assert narrow.header == ("", "this is")
    assert narrow.rows[1] == ("AU01", "-")
    assert narrow.bars == TABLE.bars
