"""What `import wildaffect` shows: the public names, each found, and nothing else."""

import ast
from importlib.metadata import version
from pathlib import Path

import pytest

import wildaffect


def test_only_public_names_are_listed():
    assert dir(wildaffect) == sorted(wildaffect.__all__)


def test_type_checkers_find_each_public_name_where_it_is_loaded_from():
    tree = ast.parse(Path(wildaffect.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == wildaffect._HOMES


def test_the_version_is_that_of_the_installed_package():
    assert wildaffect.__version__ == version("wildaffect")


@pytest.mark.parametrize("name", wildaffect.__all__)
def test_every_public_name_is_found_and_documented(name):
    value = getattr(wildaffect, name)
    assert name == "__version__" or value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'analyze_all'"):
        _ = wildaffect.analyze_all
