"""A package of its own brings an encoder, a loss, a backbone, a recipe and a format.

It is a folder on the path with the metadata that an installed package has, so that its
parts are found by their entry points alone; commands run in processes of their own.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ENTRY_POINTS = """[wildaffect.temporal_encoders]
moving-mean = outside:MovingMean
broken = outside:not_there

[wildaffect.losses]
absolute = outside:absolute_error

[wildaffect.backbones]
tiny.outside = outside:TINY

[wildaffect.recipes]
outside = outside:recipe

[wildaffect.formats]
outside-lines = outside:FORMAT
"""
CODE = '''
from dataclasses import replace

import torch
from torch import nn

from wildaffect.formats import affwild2_mtl
from wildaffect.losses.config import CustomLoss
from wildaffect.models.backbones.registry import backbone_spec
from wildaffect.models.temporal.config import CustomEncoder
from wildaffect.models.temporal.encoder import TemporalEncoder
from wildaffect.recipes.modern import modern_frame

TINY = replace(backbone_spec("vit_micro_patch8_64.mae"), name="tiny.outside")
FORMAT = replace(affwild2_mtl.FORMAT, name="outside-lines")


class MovingMean(TemporalEncoder):
    """A linear layer, then the mean over the rows so far."""

    def __init__(self, input_dim, *, width=16):
        super().__init__(width)
        self.linear = nn.Linear(input_dim, width)

    def encode(self, features, times_s, real):
        states = self.linear(features).cumsum(1)
        return states / torch.arange(1, states.shape[1] + 1, device=states.device)[:, None]


def absolute_error(pred, target, valid, *, scale=1.0):
    return scale * ((pred - target).abs() * valid).sum() / valid.sum()


def recipe():
    base = modern_frame()
    encoder = CustomEncoder(name="moving-mean", settings={"width": 8})
    loss = replace(base.loss, valence=CustomLoss(name="absolute", settings={"scale": 2.0}))
    model = replace(base.model, encoder=encoder)
    return replace(base, name="outside", model=model, loss=loss)
'''


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder in which the package is installed."""
    site = tmp_path_factory.mktemp("site")
    (site / "outside.py").write_text(CODE)
    info = site / "outside-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return site


def python(*words, site=None):
    path = [str(site)] if site else []
    path += filter(None, [os.environ.get("PYTHONPATH")])
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def wildaffect(*words, site=None):
    return python("-m", "wildaffect", *words, site=site)


@pytest.fixture(scope="module")
def run(site, tiny_data, tmp_path_factory):
    """A run of the package's recipe, trained for an epoch."""
    folder = tmp_path_factory.mktemp("runs") / "outside"
    words = ["train", "outside", "--data", tiny_data, "--num-epochs", "1"]
    done = wildaffect(*words, "-o", folder, site=site)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_saved_run_names_the_encoder_and_the_loss(run):
    recipe = json.loads((run / "recipe.json").read_text())
    assert recipe["model"]["encoder"]["kind"] == "custom"
    assert recipe["model"]["encoder"]["name"] == "moving-mean"
    assert recipe["model"]["encoder"]["settings"] == {"width": 8}
    assert recipe["loss"]["valence"]["name"] == "absolute"


def test_a_saved_run_predicts_and_is_exported(run, site, tiny_data, tmp_path):
    folder = tmp_path / "predictions"
    words = ["--data", tiny_data, "--split", "val"]
    done = wildaffect("predict", run, *words, "-o", folder, site=site)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.glob("*.csv")) == [
        f"v{number}.csv" for number in range(4)
    ]
    done = wildaffect("export", run, "-o", tmp_path / "model", site=site)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model/artefact.json").is_file()


def test_without_the_package_the_message_names_what_is_missing(run, tiny_data, tmp_path):
    words = ["--data", tiny_data, "--split", "val", "-o", tmp_path / "predictions.csv"]
    done = wildaffect("predict", run, *words)
    assert done.returncode == 2
    assert "no temporal encoder 'moving-mean'" in done.stderr
    assert "wildaffect.temporal_encoders" in done.stderr
    assert "Traceback" not in done.stderr
    done = wildaffect("train", "outside", "--data", tiny_data, "-o", tmp_path / "run")
    assert done.returncode == 2
    assert "no recipe 'outside'" in done.stderr


def test_backbones_and_formats_of_the_package_are_found_by_name(site, tiny_data):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from wildaffect.formats.detect import detect\n"
        "from wildaffect.models.backbones.registry import backbone_names, build_backbone\n"
        "assert 'tiny.outside' in backbone_names()\n"
        "build_backbone('tiny.outside')\n"
        "print(detect(Path(sys.argv[1]), 'outside-lines')[0].format.name)\n"
    )
    done = python("-c", code, tiny_data, site=site)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "outside-lines\n"


def test_the_code_of_the_documentation_builds_the_model_that_it_describes():
    page = Path(__file__).parents[2] / "docs/extending.md"
    blocks = re.findall(
        r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL
    )
    code = (
        "from wildaffect.models.temporal.build import build_temporal_encoder\n"
        "from wildaffect.recipes.catalog import find_recipe\n"
        "recipe = find_recipe('smooth-valence')\n"
        "encoder = build_temporal_encoder(recipe.model.encoder, 5)\n"
        "print(recipe.loss.valence.name, encoder.output_dim)\n"
    )
    done = python("-c", "\n".join([*blocks, code]))
    assert done.stdout == "absolute 8\n", done.stderr


def test_an_entry_point_that_cannot_be_loaded_names_its_package(site):
    code = (
        "from wildaffect.models.temporal.custom import TEMPORAL_ENCODERS\n"
        "TEMPORAL_ENCODERS.find('broken')\n"
    )
    done = python("-c", code, site=site)
    message = "temporal encoder 'broken': outside declares it as outside:not_there, which"
    assert message in done.stderr
