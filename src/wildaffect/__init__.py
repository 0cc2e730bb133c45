"""Perceived valence, arousal, expressions and action units from video in the wild.

`analyze` reads a whole source into a table; `stream` yields results frame by frame. Names
are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wildaffect.core.errors import WildAffectError
    from wildaffect.core.frames import Frame
    from wildaffect.core.results import Affect, FaceResult
    from wildaffect.core.version import __version__
    from wildaffect.outputs.result import AnalysisResult
    from wildaffect.outputs.table import read_table
    from wildaffect.runtime.network import Device
    from wildaffect.workflows.analyze import analyze, stream
    from wildaffect.workflows.evaluate import evaluate
    from wildaffect.workflows.generate import generate
    from wildaffect.workflows.load_model import load_model

_HOMES = {
    "Affect": "wildaffect.core.results",
    "AnalysisResult": "wildaffect.outputs.result",
    "Device": "wildaffect.runtime.network",
    "FaceResult": "wildaffect.core.results",
    "Frame": "wildaffect.core.frames",
    "WildAffectError": "wildaffect.core.errors",
    "__version__": "wildaffect.core.version",
    "analyze": "wildaffect.workflows.analyze",
    "evaluate": "wildaffect.workflows.evaluate",
    "generate": "wildaffect.workflows.generate",
    "load_model": "wildaffect.workflows.load_model",
    "read_table": "wildaffect.outputs.table",
    "stream": "wildaffect.workflows.analyze",
}

__all__ = [
    "Affect",
    "AnalysisResult",
    "Device",
    "FaceResult",
    "Frame",
    "WildAffectError",
    "__version__",
    "analyze",
    "evaluate",
    "generate",
    "load_model",
    "read_table",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wildaffect' has no attribute {name!r}")
    return getattr(_import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
