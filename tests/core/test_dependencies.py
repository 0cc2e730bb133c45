import importlib
import tomllib
from pathlib import Path

import av
import numpy as np
import pytest

from wildaffect.core.dependencies import (
    Dependency,
    dependencies,
    dependency_that_differs,
    python_versions,
)

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution's metadata where Python looks for what is installed."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, version, *lines):
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        head = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}"]
        (folder / "METADATA").write_text("\n".join([*head, *lines, ""]))

    return write


@pytest.mark.parametrize(
    ("found", "is_tested"),
    [
        ("17.9.9", False),
        ("18", True),
        ("18.0.0", True),
        ("19.99", True),
        ("20.0.0rc1", False),
        ("20", False),
        ("100.1", False),
        ("18.1.0+cpu", True),
        (None, False),
    ],
)
def test_a_version_is_compared_with_the_tested_range(found, is_tested):
    library = Dependency(name="av", tested=">=18,<20", found=found)
    assert library.is_tested is is_tested


def test_longer_versions_are_compared_number_by_number():
    for found, is_tested in (("4.12.0.88", False), ("4.13.0.90", True), ("5.0", True)):
        library = Dependency(name="opencv", tested=">=4.13,<6", found=found)
        assert library.is_tested is is_tested


def test_the_libraries_are_those_of_the_package_and_of_its_extras_that_are_there(install):
    install("first-library", "2.5")
    install("second", "1.0")
    install("tool", "1.0")
    install(
        "sample",
        "1.0",
        "Requires-Dist: first-library<3,>=2.1",
        "Requires-Dist: absent>=4",
        "Provides-Extra: more",
        "Requires-Dist: second>=1.5; extra == 'more'",
        "Requires-Dist: absent-too>=1; extra == 'more'",
        "Provides-Extra: dev",
        "Requires-Dist: sample[more]; extra == 'dev'",
        "Requires-Dist: tool>=9; extra == 'dev'",
    )
    assert list(dependencies("sample")) == [
        Dependency(name="first-library", tested=">=2.1,<3", found="2.5"),
        Dependency(name="absent", tested=">=4", found=None),
        Dependency(name="second", tested=">=1.5", found="1.0"),
    ]


def test_the_pythons_are_those_of_the_classifiers(install):
    install(
        "sample",
        "1.0",
        "Classifier: Programming Language :: Python :: 3 :: Only",
        "Classifier: Programming Language :: Python :: 3.11",
        "Classifier: Programming Language :: Python :: 3.13",
    )
    assert python_versions("sample") == ["3.11", "3.13"]


def test_every_library_of_the_core_has_a_floor_and_a_next_major_version():
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    for text in project["dependencies"]:
        floor, ceiling = text.split(",")
        assert ">=" in floor
        assert ceiling.startswith("<")


def test_every_library_of_an_extra_has_a_floor():
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    for extra in project["optional-dependencies"].values():
        for text in extra:
            assert ">=" in text or text.startswith("wildaffect[")


def raised(call):
    with pytest.raises((ImportError, AttributeError, TypeError)) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: av.open("clip.mp4", no_such_argument=1), "av"),
        (lambda: av.VideoFrame.from_ndarray(np.zeros(4), no_such_argument=1), "av"),
        (lambda: av.no_such_function("clip.mp4"), "av"),
        (lambda: np.zeros(3).no_such_method(), "numpy"),
        (lambda: np.zeros(3, no_such_argument=1), "numpy"),
        (lambda: importlib.import_module("av.no_such_module"), "av"),
    ],
)
def test_the_library_whose_interface_differs_is_found(call, name):
    assert dependency_that_differs(raised(call)).name == name


def test_errors_of_other_code_are_no_librarys():
    def own(*, known=0):
        return known

    assert dependency_that_differs(raised(lambda: own(unknown=1))) is None
    assert dependency_that_differs(raised(lambda: own.missing)) is None
    assert dependency_that_differs(raised(lambda: None.missing)) is None
    assert dependency_that_differs(raised(lambda: "text" + 1)) is None
    assert dependency_that_differs(ValueError("av")) is None
