"""A release has one version, the changelog's section as notes, and complete forms."""

import re
import shutil
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import make_license_list  # noqa: E402
import release  # noqa: E402


@pytest.fixture
def tree(tmp_path):
    """Return a copy of the files that carry the version."""
    for name in (*release.VERSIONED, "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_cut_release_has_one_version_and_the_notes_of_its_section(tree):
    before = release.section((tree / "CHANGELOG.md").read_text(), "Unreleased")
    release.cut(tree, "7.8.9", date(2030, 1, 2))
    text = (tree / "CHANGELOG.md").read_text()
    assert "\n## [Unreleased]\n\n## [7.8.9] - 2030-01-02\n" in text
    assert release.section(text, "Unreleased") == ""
    assert release.notes(tree, "v7.8.9") == before
    assert (
        tomllib.loads((tree / "pyproject.toml").read_text())["project"]["version"]
        == "7.8.9"
    )
    assert yaml.safe_load((tree / "CITATION.cff").read_text())["version"] == "7.8.9"
    assert "with wildaffect 7.8.9. The" in (tree / "docs/reporting-guide.md").read_text()


def test_a_tag_that_is_not_the_version_is_refused(tree):
    release.cut(tree, "7.8.9", date(2030, 1, 2))
    with pytest.raises(SystemExit, match=r"tag v7\.8\.8 must be v and the version of"):
        release.notes(tree, "v7.8.8")
    with pytest.raises(SystemExit, match=r"tag 7\.8\.9 must be"):
        release.notes(tree, "7.8.9")
    citation = tree / "CITATION.cff"
    citation.write_text(citation.read_text().replace("7.8.9", "7.8.0"))
    with pytest.raises(SystemExit, match=r"CITATION\.cff: 7\.8\.0"):
        release.notes(tree, "v7.8.9")


def test_a_release_is_cut_once_and_only_if_there_is_something_in_it(tree):
    release.cut(tree, "7.8.9", date(2030, 1, 2))
    with pytest.raises(SystemExit, match="already"):
        release.cut(tree, "7.8.9", date(2030, 1, 2))
    with pytest.raises(SystemExit, match="nothing to release"):
        release.cut(tree, "7.9.0", date(2030, 1, 3))
    with pytest.raises(SystemExit, match=r"must be like 1\.2\.3"):
        release.cut(tree, "7.9", date(2030, 1, 3))


def test_forms_and_workflows_are_valid_and_require_the_doctor():
    forms = ROOT / ".github/ISSUE_TEMPLATE"
    bug = yaml.safe_load((forms / "bug.yml").read_text())
    (required,) = (
        field
        for field in bug["body"]
        if "wildaffect doctor --json" in field["attributes"].get("label", "")
    )
    assert required["validations"] == {"required": True}
    for path in forms.glob("*.yml"):
        yaml.safe_load(path.read_text())
    assert (
        "wildaffect doctor --json"
        in (ROOT / ".github/pull_request_template.md").read_text()
    )
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    run = [step.get("run", "") for step in workflow["jobs"]["build"]["steps"]]
    assert ".ci/build dist" in run
    assert workflow["jobs"]["publish"]["permissions"]["id-token"] == "write"
    called = set(re.findall(r"(?:\.ci|scripts)/[\w.]+", "\n".join(run)))
    assert [name for name in called if not (ROOT / name).is_file()] == []


def test_the_list_of_licenses_shows_names_and_licenses_without_versions():
    sbom = {
        "components": [
            {"name": "Zebra_x", "version": "3", "licenses": [{"license": {"id": "MIT"}}]},
            {"name": "av", "version": "18", "licenses": [{"expression": "BSD-3-Clause"}]},
            {"name": "pip", "version": "1"},
            {"name": "bare", "version": "1"},
        ]
    }
    page = make_license_list.license_page(sbom)
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| av", "BSD-3-Clause"],
        ["| bare", "not stated"],
        ["| zebra-x", "MIT"],
    ]
    direct = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    listed = (ROOT / "docs/licenses.md").read_text()
    for requirement in direct:
        assert f"| {re.split('[<>=]', requirement)[0]} |" in listed


CONDA_NAMES = {"opencv-python-headless": "py-opencv", "pyarrow": "pyarrow-core"}


def test_the_conda_recipe_has_the_dependencies_of_the_package():
    recipe = yaml.safe_load((ROOT / "packaging/conda/recipe.yaml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {f"python {project['requires-python']}"}
    for requirement in project["dependencies"]:
        name, bounds = re.fullmatch(r"([\w-]+)(.*)", requirement).groups()
        needed.add(f"{CONDA_NAMES.get(name, name)} {bounds}")
    assert set(recipe["requirements"]["run"]) == needed
    assert recipe["package"]["version"] == project["version"]


def test_the_container_runs_as_a_user_and_copies_what_the_build_needs():
    text = (ROOT / "Containerfile").read_text()
    final = text.split("FROM ")[-1]
    assert re.search(r"^USER (?!root|0)\w+$", final, re.M)
    assert 'CMD ["demo"]' in final
    copied = (ROOT / ".containerignore").read_text().split()
    assert copied[0] == "*"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {"src", "pyproject.toml", project["readme"], *project["license-files"]}
    assert {name.removeprefix("!") for name in copied[1:]} == needed
