"""Docstrings of the fields of records, which are the help of their flags."""

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise


def field_docs(record: type) -> dict[str, str]:
    """Return the docstring of each field in one line, inherited ones included."""
    docs: dict[str, str] = {}
    for base in reversed(record.__mro__):
        docs |= _docs_by_class(base.__module__).get(base.__qualname__, {})
    return docs


@cache
def _docs_by_class(module: str) -> dict[str, dict[str, str]]:
    if module == "builtins":
        return {}
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {
        node.name: dict(_documented(node.body))
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def _documented(body: list[ast.stmt]) -> list[tuple[str, str]]:
    found = []
    for statement, after in pairwise(body):
        match statement, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found.append((name, " ".join(text.split())))
            case _:
                pass
    return found
