"""Check the annotations of a data set: counts, published counts, problems, leaks.

Run this first on a new data set; docs/data.md describes where its files go.

Example:
    wildaffect data check /data/affwild2 --report check.html
"""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from wildaffect.cli.parser.marks import Positional
from wildaffect.core.errors import UsageError

if TYPE_CHECKING:
    from wildaffect.core.console import Console
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.data.check_report import DataReport

_WIDEST = 400
"""Maximum width of a table in characters."""
_COLORS = {"error": "bold red", "warning": "yellow", "note": "dim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect data check`."""

    folder: Annotated[Path, Positional("FOLDER")]
    """Folder of a data set, or one annotation file."""
    layout: str | None = None
    """Layout to look for, such as affwild2-mtl; all known layouts by default."""
    images: Path | None = None
    """Folder of the images, if it is not where the layout puts it."""
    max_images: int = 2000
    """Images per split to compare with the other splits; 0 for none."""
    report: Path | None = None
    """Also write the report to this .html or .md file."""
    json: bool = False
    """Print the report as JSON on standard output."""


def run(command: Command) -> int:
    """Check every layout found; return 1 if there are errors."""
    from wildaffect.core.console import Console
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.data.check_findings import Level
    from wildaffect.data.check_pages import to_json
    from wildaffect.data.check_report import check_data
    from wildaffect.formats.detect import detect

    _check_flags(command)
    reports = []
    with ProgressDisplay() as progress:
        progress.show("check", text="looking for known layouts")
        for found in detect(command.folder, command.layout):
            name = found.format.name
            reports.append(
                check_data(
                    command.folder,
                    found,
                    images=command.images,
                    max_images=command.max_images,
                    on_step=partial(_show, progress, name),
                )
            )
    if command.json:
        print(json.dumps([to_json(report) for report in reports]))
    else:
        for report in reports:
            _print(report, Console(highlight=False))
    if command.report:
        _write(command.report, reports)
    return 1 if any(report.count(Level.ERROR) for report in reports) else 0


def _show(progress: "ProgressDisplay", name: str, step: str) -> None:
    progress.show("check", text=f"{name}: {step}")


def _check_flags(command: Command) -> None:
    if command.report and command.report.suffix not in {".html", ".md"}:
        raise UsageError(
            f"data check: --report must end in .html or .md, got {command.report}"
        )
    if command.images and not command.images.is_dir():
        raise UsageError(f"data check: --images must be a folder, got {command.images}")
    if command.max_images < 0:
        raise UsageError(f"data check: --max-images must be >= 0, got {command.max_images}")


def _write(path: Path, reports: "list[DataReport]") -> None:
    from wildaffect.data.check_pages import to_html, to_markdown
    from wildaffect.formats.text import write_lines

    page = to_html(reports) if path.suffix == ".html" else to_markdown(reports)
    write_lines(path, page.rstrip("\n").split("\n"))


def _print(report: "DataReport", console: "Console") -> None:
    from rich.markup import escape
    from rich.measure import Measurement

    from wildaffect.reporting.tables import terminal_table

    console.print(f"\n[bold]{escape(report.title)}[/bold]  {escape(str(report.root))}\n")
    for table in report.tables:
        rendered = terminal_table(table)
        wide = console.options.update_width(_WIDEST)
        rendered.width = Measurement.get(console, wide, rendered).maximum
        console.print(rendered, crop=False)  # lines may be long, names stay legible
        if table.note:
            console.print(f"[dim]{escape(table.note)}[/dim]")
        console.print()
    for finding in report.findings:
        color = _COLORS[finding.level]
        console.print(f"[{color}]{finding.level}[/{color}]  {escape(finding.text)}")
        for example in finding.examples:
            console.print(f"    [dim]{escape(example)}[/dim]", soft_wrap=True)
        console.print(f"    [cyan]do:[/cyan] {escape(finding.advice)}")
    for remark in report.remarks:
        console.print(f"[dim]{escape(remark)}[/dim]")
    console.print(f"\n[bold]{escape(report.title)}[/bold]: {escape(report.conclusion())}")
