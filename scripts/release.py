"""Cut a release, and print the notes of one.

    python scripts/release.py cut 0.2.0 --date 2026-12-01
    python scripts/release.py notes v0.2.0

`cut` sets the version in pyproject.toml, CITATION.cff, the conda recipe and the example of
the reporting guide, and turns the changelog's section "Unreleased" into that of the
version. Commit the result and push the tag `v0.2.0`: the release workflow checks it with
`notes`, which fails unless the tag is the version of every file.
"""

import argparse
import re
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONED = {
    "pyproject.toml": re.compile(r'^(version = ")([^"]+)(")$', re.M),
    "CITATION.cff": re.compile(r'^(version: ")([^"]+)(")$', re.M),
    "packaging/conda/recipe.yaml": re.compile(r"^(  version: )(\S+)()$", re.M),
    "docs/reporting-guide.md": re.compile(r"( with wildaffect )([\w.]+)(\. The model was)"),
}
"""File -> pattern with the version as its second group."""
VERSION = re.compile(r"\d+\.\d+\.\d+(rc\d+)?")
UNRELEASED = "## [Unreleased]\n"


def cut(root: Path, version: str, released: date) -> None:
    """Set the version in all files, and its section in the changelog."""
    if not VERSION.fullmatch(version):
        raise SystemExit(f"version must be like 1.2.3 or 1.2.3rc1, got {version!r}")
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    if f"## [{version}]" in text:
        raise SystemExit(f"CHANGELOG.md: has a section {version} already")
    if not section(text, "Unreleased"):
        raise SystemExit("CHANGELOG.md: section Unreleased is empty; nothing to release")
    for name, pattern in VERSIONED.items():
        path = root / name
        new, count = pattern.subn(rf"\g<1>{version}\g<3>", path.read_text(encoding="utf-8"))
        if count != 1:
            raise SystemExit(f"{name}: must have one line with the version, got {count}")
        path.write_text(new, encoding="utf-8")
    heading = f"{UNRELEASED}\n## [{version}] - {released.isoformat()}\n"
    changelog.write_text(text.replace(UNRELEASED, heading, 1), encoding="utf-8")


def notes(root: Path, tag: str) -> str:
    """Return the changelog's section of a tag, after comparing it with every version."""
    version = tag.removeprefix("v")
    with (root / "pyproject.toml").open("rb") as file:
        found = {"pyproject.toml": tomllib.load(file)["project"]["version"]}
    for name, pattern in VERSIONED.items():
        match = pattern.search((root / name).read_text(encoding="utf-8"))
        found[name] = match[2] if match else "none"
    wrong = [f"{name}: {value}" for name, value in found.items() if value != version]
    if tag != f"v{version}" or wrong:
        raise SystemExit(
            f"tag {tag} must be v and the version of {', '.join(wrong or found)}"
        )
    text = section((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if not text:
        raise SystemExit(f"CHANGELOG.md: must have a section {version}, got none")
    return text


def section(changelog: str, name: str) -> str:
    """Return the text below a heading of the changelog; empty if there is none."""
    match = re.search(
        rf"^## \[{re.escape(name)}\][^\n]*\n(.*?)(?=^## |\Z)", changelog, re.M | re.S
    )
    return match[1].strip() if match else ""


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    cutting = verbs.add_parser("cut")
    cutting.add_argument("version")
    cutting.add_argument("--date", type=date.fromisoformat, default=date.today())
    verbs.add_parser("notes").add_argument("tag")
    arguments = parser.parse_args()
    if arguments.verb == "cut":
        cut(ROOT, arguments.version, arguments.date)
    else:
        print(notes(ROOT, arguments.tag))


if __name__ == "__main__":
    main()
