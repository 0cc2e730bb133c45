"""Pages of the site that are made from the code, and links out of `docs/` (MkDocs hook).

Reference, columns, model cards and the project's own texts are generated each time, so
that no fact is written twice. A link to another file of the repository becomes its name.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
sys.path.insert(0, str(ROOT / "src"))

from signal_pages import SIGNALS, signal_pages  # noqa: E402

import wildaffect  # noqa: E402
from wildaffect.cli.overview import GROUPS  # noqa: E402
from wildaffect.inference.artifact import embedded_names, load_artifact  # noqa: E402
from wildaffect.inference.provenance import provenance_of, provenance_text  # noqa: E402

ARTIFACTS = "src/wildaffect/inference/artifacts"
SNAPSHOTS = ROOT / "tests/cli/snapshots"
PROJECT = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "GOVERNANCE.md": "project/governance.md",
    "CODE_OF_CONDUCT.md": "project/code-of-conduct.md",
    "SECURITY.md": "project/security.md",
    "THIRD_PARTY_NOTICES.md": "project/notices.md",
}
"""File in the root -> page."""
FIRST_NOTEBOOKS = "first_analysis", "results_in_pandas", "two_conditions"
NOTEBOOKS = {
    f"examples/notebooks/{name}.ipynb": f"notebooks/{name}.md"
    for name in dict.fromkeys(
        [
            *FIRST_NOTEBOOKS,
            *sorted(path.stem for path in (ROOT / "examples/notebooks").glob("*.ipynb")),
        ]
    )
}
"""Notebook -> page."""
CARDS = {f"{ARTIFACTS}/{name}/CARD.md": f"models/{name}.md" for name in embedded_names()}
LINK = re.compile(
    r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)#:\s]+)(?P<anchor>#[^)\s]*)?\)"
)


def on_config(config: Any) -> Any:
    """Put the generated pages into the navigation."""
    generated = {
        "... generated signals": [f"columns/{signal.name}.md" for signal in SIGNALS],
        "... generated cards": list(CARDS.values()),
        "... notebooks": [{"Notebooks": list(NOTEBOOKS.values())}],
    }
    for section in config["nav"]:
        for title, pages in section.items():
            section[title] = [
                page for item in pages for page in generated.get(item, [item])
            ]
    return config


def on_files(files: Files, *, config: Any) -> Files:
    """Add the generated pages."""
    pages = {
        **{f"columns/{name}.md": text for name, text in signal_pages().items()},
        **{page: (ROOT / name).read_text("utf-8") for name, page in PROJECT.items()},
        **{page: _notebook(ROOT / name) for name, page in NOTEBOOKS.items()},
        **{page: _card(Path(name).parent.name) for name, page in CARDS.items()},
        "reference/python.md": _python_reference(),
        "reference/cli.md": _command_reference(),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Resolve links to files of the repository."""
    origin = {target: name for name, target in (PROJECT | CARDS).items()}
    here = origin.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    return LINK.sub(lambda match: _resolved(match, here, page.file.src_uri), markdown)


def _resolved(match: re.Match[str], here: str, page: str) -> str:
    path = (ROOT / here).parent / match["target"]
    target = path.resolve()
    if not target.is_relative_to(ROOT) or not target.exists():
        return match[0]  # a generated page, or a broken link, which MkDocs reports
    name = target.relative_to(ROOT).as_posix()
    known = PROJECT | CARDS
    found = known.get(name) or (name[5:] if name.startswith("docs/") else "")
    if not found:
        return f"{match['text']} (`{name}` in the repository)"
    up = "../" * page.count("/")
    return f"[{match['text']}]({up}{found}{match['anchor'] or ''})"


def _card(name: str) -> str:
    card = (ROOT / ARTIFACTS / name / "CARD.md").read_text("utf-8")
    return f"{card.rstrip()}\n\n{provenance_text(provenance_of(load_artifact(name)))}\n"


def _notebook(path: Path) -> str:
    """Return the cells of a notebook and what they printed, as Markdown."""
    parts = []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source.replace("](../../docs/", "](../"))
            continue
        parts.append(f"```python\n{source}\n```")
        shown = "".join(text for output in cell["outputs"] for text in output["text"])
        if shown:
            parts.append(f"```text\n{shown.rstrip()}\n```")
    where = path.relative_to(ROOT).as_posix()
    parts.append(f"*This page is the notebook `{where}`; tests run it.*")
    return "\n\n".join(parts) + "\n"


def _python_reference() -> str:
    homes = wildaffect._HOMES  # noqa: SLF001 - where each public name is defined
    names = [name for name in wildaffect.__all__ if not name.startswith("_")]
    example = "[the Python API by example](../python.md) shows them at work."
    lines = ["# Python reference", "", f"Every public name of `wildaffect`; {example}"]
    for name in names:
        lines += ["", f"::: {homes[name]}.{name}"]
    return "\n".join(lines) + "\n"


def _command_reference() -> str:
    lines = [
        "# Commands",
        "",
        "What `wildaffect COMMAND --help` prints, for every command.",
    ]
    for title, commands in GROUPS.items():
        lines += ["", f"## {title}"]
        for command, summary in commands.items():
            shown = (SNAPSHOTS / f"{command.replace(' ', '-')}.txt").read_text("utf-8")
            lines += ["", f"### wildaffect {command}", "", f"{summary.capitalize()}."]
            lines += ["", "```text", shown.rstrip(), "```"]
    return "\n".join(lines) + "\n"
