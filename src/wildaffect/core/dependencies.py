"""Versions of libraries that wildaffect was tested with, and errors caused by others.

The tested ranges are those of `pyproject.toml`, from the metadata of the installed package.
"""

import linecache
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import (
    PackageNotFoundError,
    metadata,
    packages_distributions,
    requires,
    version,
)
from itertools import islice
from pathlib import Path
from types import ModuleType, TracebackType

_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[^]]*\])? *\(?(?P<range>[^;)]*)\)?"
    r"(?:.*extra *== *['\"](?P<extra>[\w-]+)['\"])?"
)
_BOUND = re.compile(r" *(>=|<) *(\d+(?:\.\d+)*) *")
_UNKNOWN = re.compile("(unexpected|invalid) keyword argument")
_DEVELOPMENT = {"dev", "test"}
"""Extras whose libraries do not run in a user's process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A library that wildaffect needs, or that is installed for one of its extras."""

    name: str
    """Name of the distribution for `pip install`."""
    tested: str
    """Tested versions, such as `>=18,<20`."""
    found: str | None
    """Installed version; None if it is not installed."""

    @property
    def is_tested(self) -> bool:
        """Return whether the installed version is in the tested range."""
        if self.found is None:
            return False
        found = _numbers(self.found)
        return all(
            found >= _numbers(bound) if sign == ">=" else found < _numbers(bound)
            for sign, bound in _BOUND.findall(self.tested)
        )

    @property
    def fix(self) -> str:
        """Command that installs a tested version."""
        return f"pip install '{self.name}{self.tested}'"

    def __str__(self) -> str:
        return f"{self.name} {self.found or 'not installed'} (tested: {self.tested})"


def dependencies(distribution: str = "wildaffect") -> Iterator[Dependency]:
    """Yield the requirements of a distribution; of its extras, those that are installed."""
    for text in requires(distribution) or ():
        match = _REQUIREMENT.match(text)
        if match is None or match["name"] == distribution or match["extra"] in _DEVELOPMENT:
            continue
        found = _version(match["name"])
        if found is None and match["extra"]:
            continue
        bounds = sorted(match["range"].strip().split(","), reverse=True)
        yield Dependency(name=match["name"], tested=",".join(bounds), found=found)


def python_versions(distribution: str = "wildaffect") -> list[str]:
    """Return the versions of Python that a distribution was tested with, such as `3.11`."""
    classifiers = metadata(distribution).get_all("Classifier") or []
    return re.findall(r"Python :: (\d+\.\d+)", "\n".join(classifiers))


def dependency_that_differs(error: BaseException) -> Dependency | None:
    """Return the library whose changed interface caused `error`; None if there is none.

    That is the case if a name cannot be imported from a library, if one of its modules or
    objects lacks an attribute, or if one of its functions does not accept an argument.
    """
    roots = {module.partition(".")[0] for module in _modules_that_differ(error) if module}
    if not roots:
        return None
    distributions = packages_distributions()
    names = {
        _normalized(name) for root in roots for name in distributions.get(root, [root])
    }
    return next((it for it in dependencies() if _normalized(it.name) in names), None)


def misfit(dependency: Dependency, error: Exception) -> str:
    """Return the message for a library whose interface differs from the tested versions."""
    if dependency.is_tested:
        *_, place = (
            f"{Path(frame.filename).name}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)
            if "wildaffect" in Path(frame.filename).parts
        )
        advice = f"please report this, with {place}"
    else:
        advice = f"run: {dependency.fix}"
    return f"{dependency} does not work here: {error}; {advice}"


def _modules_that_differ(error: BaseException) -> Iterator[str | None]:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if isinstance(error, ImportError):
        yield error.name
    elif isinstance(error, AttributeError) and error.obj is not None:
        yield _home(error.obj)
    elif isinstance(error, AttributeError) and place is not None:
        yield _module_of(place)
    elif isinstance(error, TypeError) and _UNKNOWN.search(str(error)) and place is not None:
        yield _module_of(place)
        yield _home(_called(place))


def _module_of(place: TracebackType) -> str | None:
    """Return the name of the module where an error was raised."""
    name = place.tb_frame.f_globals.get("__name__")
    if name is not None:
        return str(name)
    path = Path(place.tb_frame.f_code.co_filename)  # of Cython, such as av/stream.py
    return None if path.is_absolute() else path.parts[0]


def _called(place: TracebackType) -> object:
    """Return the module, object or function whose call raised an error, None if unknown."""
    frame = place.tb_frame
    line, _, column, _ = next(
        islice(frame.f_code.co_positions(), place.tb_lasti // 2, None)
    )
    if line is None or column is None:
        return None
    text = linecache.getline(frame.f_code.co_filename, line)[column:]
    name = re.match(r"\w*", text)
    return name and frame.f_locals.get(name[0], frame.f_globals.get(name[0]))


def _home(value: object) -> str | None:
    """Return the name of the module that is or defines a value."""
    if isinstance(value, ModuleType):
        return value.__name__
    own = getattr(value, "__module__", None)
    return own if isinstance(own, str) else type(value).__module__


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a release without trailing zeros: (18, 1) for `18.1.0`."""
    match = re.match(r"\d+(?:\.\d+)*", text)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
