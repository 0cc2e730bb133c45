"""Perceived valence, arousal, expressions and action units from video in the wild.

`analyze` reads an entire source into a table; `stream` yields results frame by frame.
Submodules are imported lazily on first use, so that importing the package is cheap.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wildaffect.analysis.job import FileReport as FileReport
    from wildaffect.core.errors import WildAffectError as WildAffectError
    from wildaffect.core.events import Event as Event
    from wildaffect.core.frames import Frame as Frame
    from wildaffect.core.results import Affect as Affect
    from wildaffect.core.results import FaceResult as FaceResult
    from wildaffect.core.version import __version__ as __version__
    from wildaffect.events.settings import EventSettings as EventSettings
    from wildaffect.outputs.events_file import read_events as read_events
    from wildaffect.outputs.result import AnalysisResult as AnalysisResult
    from wildaffect.outputs.table import read_table as read_table
    from wildaffect.recipes.catalog import find_recipe as find_recipe
    from wildaffect.recipes.images import (
        find_finetune_recipe as find_finetune_recipe,
    )
    from wildaffect.recipes.images import (
        find_pretrain_recipe as find_pretrain_recipe,
    )
    from wildaffect.runtime.network import Device as Device
    from wildaffect.training.temporal.runs import load_run as load_run
    from wildaffect.webapp.site import write_webapp as write_webapp
    from wildaffect.workflows.add_model import (
        add_model as add_model,
    )
    from wildaffect.workflows.add_model import (
        remove_model as remove_model,
    )
    from wildaffect.workflows.agreement import agreement as agreement
    from wildaffect.workflows.analyze import analyze as analyze
    from wildaffect.workflows.analyze import stream as stream
    from wildaffect.workflows.analyze_files import analyze_files as analyze_files
    from wildaffect.workflows.calibrate import calibrate as calibrate
    from wildaffect.workflows.compare import compare as compare
    from wildaffect.workflows.compare_clips import compare_clips as compare_clips
    from wildaffect.workflows.convert import convert as convert
    from wildaffect.workflows.cross_validate import cross_validate as cross_validate
    from wildaffect.workflows.ensemble import ensemble as ensemble
    from wildaffect.workflows.evaluate import evaluate as evaluate
    from wildaffect.workflows.export_model import export_model as export_model
    from wildaffect.workflows.extract import extract as extract
    from wildaffect.workflows.extract_audio import extract_audio as extract_audio
    from wildaffect.workflows.finetune import finetune as finetune
    from wildaffect.workflows.generate import generate as generate
    from wildaffect.workflows.load_model import load_model as load_model
    from wildaffect.workflows.methods_text import methods_text as methods_text
    from wildaffect.workflows.predict import predict as predict
    from wildaffect.workflows.pretrain import pretrain as pretrain
    from wildaffect.workflows.report import report as report
    from wildaffect.workflows.stream_to import stream_to as stream_to
    from wildaffect.workflows.summarize import summarize as summarize
    from wildaffect.workflows.train import train as train

_HOMES = {
    "Affect": "wildaffect.core.results",
    "AnalysisResult": "wildaffect.outputs.result",
    "Device": "wildaffect.runtime.network",
    "Event": "wildaffect.core.events",
    "EventSettings": "wildaffect.events.settings",
    "FaceResult": "wildaffect.core.results",
    "FileReport": "wildaffect.analysis.job",
    "Frame": "wildaffect.core.frames",
    "WildAffectError": "wildaffect.core.errors",
    "__version__": "wildaffect.core.version",
    "add_model": "wildaffect.workflows.add_model",
    "agreement": "wildaffect.workflows.agreement",
    "analyze": "wildaffect.workflows.analyze",
    "analyze_files": "wildaffect.workflows.analyze_files",
    "calibrate": "wildaffect.workflows.calibrate",
    "compare": "wildaffect.workflows.compare",
    "compare_clips": "wildaffect.workflows.compare_clips",
    "convert": "wildaffect.workflows.convert",
    "cross_validate": "wildaffect.workflows.cross_validate",
    "ensemble": "wildaffect.workflows.ensemble",
    "evaluate": "wildaffect.workflows.evaluate",
    "export_model": "wildaffect.workflows.export_model",
    "extract": "wildaffect.workflows.extract",
    "extract_audio": "wildaffect.workflows.extract_audio",
    "find_finetune_recipe": "wildaffect.recipes.images",
    "find_pretrain_recipe": "wildaffect.recipes.images",
    "find_recipe": "wildaffect.recipes.catalog",
    "finetune": "wildaffect.workflows.finetune",
    "generate": "wildaffect.workflows.generate",
    "load_model": "wildaffect.workflows.load_model",
    "load_run": "wildaffect.training.temporal.runs",
    "methods_text": "wildaffect.workflows.methods_text",
    "predict": "wildaffect.workflows.predict",
    "pretrain": "wildaffect.workflows.pretrain",
    "read_events": "wildaffect.outputs.events_file",
    "read_table": "wildaffect.outputs.table",
    "remove_model": "wildaffect.workflows.add_model",
    "report": "wildaffect.workflows.report",
    "stream": "wildaffect.workflows.analyze",
    "stream_to": "wildaffect.workflows.stream_to",
    "summarize": "wildaffect.workflows.summarize",
    "train": "wildaffect.workflows.train",
    "write_webapp": "wildaffect.webapp.site",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wildaffect' has no attribute {name!r}")
    try:
        return getattr(_import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "lightning_fabric", "onnx", "tensorboard"}:
            raise
        missing = _import_module("wildaffect.core.errors").MissingExtra
        raise missing(f"wildaffect.{name}", "train") from error


def __dir__() -> list[str]:
    return sorted(__all__)
