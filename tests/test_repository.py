"""What holds for the repository as a whole: sizes, tree, commands, notices, public text."""

import hashlib
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from wildaffect.cli.main import main
from wildaffect.cli.overview import COMMANDS, module_name

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/wildaffect"
FOLDERS = "src tests benchmarks scripts docs examples .ci .github packaging".split()
GENERATED = {"__pycache__", ".hypothesis", ".pytest_cache"}
MAX_LINES = 400
MAX_LINES_OF_PACKAGE = 300
MAX_BYTES = 500_000
ASSET_FOLDERS = (
    "src/wildaffect/faces/assets",
    "src/wildaffect/synth/assets",
    "src/wildaffect/webapp/assets/runtime",
    "src/wildaffect/demo",
    "src/wildaffect/inference/artifacts",
    "docs/pictures",
)
OWN_ARTIFACTS = "src/wildaffect/inference/artifacts/"
"""Made by scripts of this repository; each carries a manifest with hashes of its own."""
CONVERTED = OWN_ARTIFACTS + "default/faceapi_expression.onnx"
"""The one network among them that others trained."""
NOTICE = re.compile(r"^\| `(?P<path>[^`]+)` \|.*`(?P<sha256>[0-9a-f]{64})`", re.MULTILINE)
PRIVATE = {
    "a path of one machine": re.compile(r"/(?:[w]ork|root|home|Users)/|[C]:\\Users"),
    "a package registry's host": re.compile(
        r"[p]ypi\.|[p]ythonhosted|[r]egistry\.npmjs|[n]pmjs\.com|[a]naconda\.org"
    ),
}


def repository_files() -> Iterator[Path]:
    """Yield every file that belongs to the repository, caches and builds left out."""
    for path in ROOT.iterdir():
        if path.is_file() and path.name != ".git":
            yield path
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and not GENERATED & set(path.parts):
                yield path


def is_binary(path: Path) -> bool:
    """Return whether a file is anything but UTF-8 text."""
    try:
        return "\0" in path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return True


def named(path: Path) -> str:
    """Return a path as seen from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def test_no_source_file_is_longer_than_the_limit() -> None:
    long = {
        named(path): lines
        for path in repository_files()
        if path.suffix == ".py"
        and (lines := len(path.read_text().splitlines()))
        > (MAX_LINES_OF_PACKAGE if path.is_relative_to(PACKAGE) else MAX_LINES)
    }
    assert long == {}


def test_no_file_is_large_outside_the_asset_folders() -> None:
    large = {
        named(path): path.stat().st_size
        for path in repository_files()
        if path.stat().st_size > MAX_BYTES and not named(path).startswith(ASSET_FOLDERS)
    }
    assert large == {}


def test_the_package_is_the_only_one() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["src/wildaffect"]}
    assert [p.name for p in (ROOT / "src").iterdir() if p.suffix != ".egg-info"] == [
        "wildaffect"
    ]


def test_the_tree_in_the_readme_is_that_of_the_package() -> None:
    blocks = re.findall(
        r"^```\w*\n(src/wildaffect/.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S
    )
    if not blocks:
        pytest.skip("README.md shows no tree")
    shown = set(re.findall(r"^  (\w+)/", blocks[0].split("\ntests/")[0], re.M))
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name not in GENERATED}
    assert shown == folders


def test_every_file_of_the_command_line_is_a_command() -> None:
    files = {p.stem for p in (PACKAGE / "cli/commands").glob("*.py")} - {"__init__"}
    assert files == set(map(module_name, COMMANDS))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_helps_with_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module(f"wildaffect.cli.commands.{module_name(name)}")
    assert f"wildaffect {name} " in module.__doc__, "the docstring needs an example"
    assert callable(module.run)
    assert main([*name.split(), "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    summary = module.__doc__.splitlines()[0]
    assert " ".join(summary.split()) in shown
    assert shown.count(f"wildaffect {name} ") >= 2, "usage and example must both be shown"


def test_public_text_names_no_machine_and_no_registry() -> None:
    found = [
        f"{named(path)}:{number}: {what}: {line.strip()[:80]}"
        for path in repository_files()
        if not is_binary(path)
        for number, line in enumerate(
            path.read_text(encoding="utf-8").splitlines(), start=1
        )
        for what, pattern in PRIVATE.items()
        if pattern.search(line)
    ]
    assert found == []


def test_every_vendored_file_is_in_the_notices_with_its_hash() -> None:
    text = (ROOT / "THIRD_PARTY_NOTICES.md").read_text()
    noticed = {match["path"]: match["sha256"] for match in NOTICE.finditer(text)}
    vendored = {
        named(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in repository_files()
        if is_binary(path)
        and named(path).startswith("src/")
        and (named(path) == CONVERTED or not named(path).startswith(OWN_ARTIFACTS))
    }
    assert vendored
    assert noticed == vendored


def test_the_citation_is_complete_and_of_this_version() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    needed = {"cff-version", "message", "title", "authors", "version", "license", "type"}
    assert needed <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert str(citation["version"]) == project["version"]
    assert citation["license"] == project["license"]
    assert citation["authors"]


def test_the_tested_pythons_are_the_same_everywhere() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    pythons = re.findall(r'"Programming Language :: Python :: (\d\.\d+)"', text)
    assert f'requires-python = ">={pythons[0]}"' in text
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    jobs = workflow["jobs"]
    cells = {
        (cell["what"], cell["python"])
        for cell in jobs["matrix"]["strategy"]["matrix"]["include"]
    }
    (own,) = (
        step["with"]["python-version"] for step in jobs["run"]["steps"] if "with" in step
    )
    assert own == pythons[0]
    assert cells == {
        *(("light", python) for python in pythons[1:-1]),
        ("whole", pythons[-1]),
        ("lowest", pythons[0]),
    }
    for name in ("README.md", "docs/install.md"):
        assert f"{pythons[0]} to {pythons[-1]}" in (ROOT / name).read_text()
