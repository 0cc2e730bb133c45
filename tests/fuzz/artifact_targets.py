"""Artifacts: manifest, networks and zip, to the first answers of their networks."""

import json
import tempfile
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
from mutations import mutate, mutate_json
from target import Seed, Target, files_below

from wildaffect.analysis.options import ColumnOptions
from wildaffect.inference.artifact import (
    DEFAULT,
    EMBEDDED,
    MANIFEST_FILE,
    OPEN,
    load_artifact,
    zip_folder,
)
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.model import Model
from wildaffect.inference.runs import predict_rows
from wildaffect.runtime.network import Device

_SMALL = ("baseline-rules",)
_NETWORK_NAME = "rules.onnx"


def _folders() -> list[Seed]:
    seeds = []
    for name in _SMALL:
        files = files_below(EMBEDDED / name)
        networks = [file for file in files if file.endswith(".onnx")]
        spoiled = {MANIFEST_FILE: mutate_json} | dict.fromkeys(networks, mutate)
        seeds.append(Seed(files=files, spoiled=spoiled, seal=_seal))
    files = files_below(EMBEDDED / OPEN) | files_below(EMBEDDED / DEFAULT)
    return [*seeds, Seed(files=files, spoiled={MANIFEST_FILE: mutate_json})]


def _seal(folder: Path) -> None:
    """State the hashes of the networks as they are, where a manifest can be read."""
    path = folder / MANIFEST_FILE
    try:
        document = json.loads(path.read_bytes())
        for member in document["members"]:
            network = member["network"]
            network["sha256"] = sha256((folder / network["file"]).read_bytes()).hexdigest()
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return
    path.write_text(json.dumps(document))


def _zips() -> list[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        zip_folder(EMBEDDED / _SMALL[0], Path(folder) / "a.zip")
        content = (Path(folder) / "a.zip").read_bytes()
    spoil = {"bytes": mutate, "directory": partial(_spoil_end)}
    return [
        Seed(files={"a.zip": content}, main="a.zip", spoiled={"a.zip": change})
        for change in spoil.values()
    ]


def _spoil_end(data: bytes, random: Random) -> bytes:
    """Spoil the directory of a zip, which is at its end."""
    start = data.index(b"PK\x01\x02")
    return data[:start] + mutate(data[start:], random)


def _answer(path: Path) -> None:
    artifact = load_artifact(path)
    ColumnOptions().schema(artifact.manifest)
    Inputs(artifact, Device())
    model = Model(artifact, Device())
    width = sum(model_input.width for model_input in artifact.manifest.inputs)
    predicted = predict_rows(
        model,
        "v",
        frame_number=np.arange(5),
        time_s=np.arange(5) / 30,
        features=np.zeros((5, width), np.float32),
    )
    for values in predicted.probs.values():
        assert np.isfinite(values).all()


ARTIFACT_TARGETS = (
    Target(name="artifact", make=_folders, read=_answer, weight=8),
    Target(name="artifact zip", make=_zips, read=_answer, weight=4),
)
