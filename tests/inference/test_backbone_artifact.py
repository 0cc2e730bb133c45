"""Artifacts that carry a backbone: what is read from them, and what is wrong with some."""

import json
from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.errors import BadArtifact
from wildaffect.inference.analyzer import Analyzer
from wildaffect.inference.artifact import MANIFEST_FILE, load_artifact, write_artifact
from wildaffect.inference.model import Model
from wildaffect.runtime.network import Device


def edit(folder, change):
    path = folder / MANIFEST_FILE
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def member_reads(*names):
    return lambda d: d["members"][0].update(inputs=list(names))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "color.onnx").unlink(), r"no such file in it: color\.onnx"),
        (
            lambda f: (f / "color.onnx").write_bytes(b"x"),
            r"color\.onnx: sha256 must be .* export the artifact again",
        ),
        (
            lambda f: edit(f, lambda d: d["inputs"][0]["preprocess"].update(size_px=48)),
            r"color\.onnx: must take crops of 48 px, rgb; got: .* shape \[\?,3,32,32\]",
        ),
        (
            lambda f: edit(f, lambda d: d["inputs"][0]["preprocess"].update(mean=[0.5])),
            r"mean must have 3 values for rgb, got 1",
        ),
        (
            lambda f: edit(f, lambda d: d["inputs"][0].update(feature_dim=4)),
            r"color\.onnx: output must have shape \(2, 4\)",
        ),
        (
            lambda f: edit(f, lambda d: d["inputs"][0].update(name="pose")),
            r"inputs must be named once each, got pose twice",
        ),
        (
            lambda f: edit(f, member_reads("color", "mesh")),
            r"inputs of member0\.onnx must be some of the manifest's \(color, pose\)",
        ),
        (lambda f: edit(f, member_reads()), r"\(color, pose\), each once, got none"),
        (
            lambda f: edit(f, member_reads("pose")),
            r"features must have 3 columns, .* that it reads have together, got 6",
        ),
        (lambda f: edit(f, lambda d: d["inputs"][0].update(color=1)), r"color: "),
    ],
)
def test_what_is_wrong_with_a_backbone_is_reported_before_a_frame_is_read(
    with_backbone, spoil, message
):
    spoil(with_backbone)
    with pytest.raises(BadArtifact, match=message):
        Analyzer(load_artifact(with_backbone))


def test_fields_that_say_nothing_are_not_written(with_backbone, tmp_path):
    document = json.loads((with_backbone / MANIFEST_FILE).read_text())
    assert not {"weights_sha256", "license", "source"} & document["inputs"][0].keys()
    assert "inputs" not in document["members"][0]
    artifact = load_artifact(with_backbone)
    color, pose = artifact.manifest.inputs
    stated = replace(color, license="CC0-1.0")
    manifest = replace(artifact.manifest, inputs=(stated, pose))
    write_artifact(tmp_path / "stated", manifest, artifact.networks)
    assert load_artifact(tmp_path / "stated").manifest == manifest


class Echo:
    """Says its first feature as valence."""

    input_names, output_names = ("features",), ("valence",)

    def __init__(self, width):
        self.input_widths = {"features": width}

    def __call__(self, features):
        assert features.shape[2] == self.input_widths["features"]
        return (features[..., 0],)


def test_each_member_reads_its_own_inputs_in_its_own_order(with_backbone):
    artifact = load_artifact(with_backbone)
    (member,) = artifact.manifest.members
    reads = [("pose",), ("color",), ("pose", "color"), None]
    members = tuple(replace(member, inputs=names) for names in reads)
    artifact = replace(artifact, manifest=replace(artifact.manifest, members=members))
    model = Model(artifact, Device(), [Echo(width) for width in (3, 3, 6, 6)])
    rows = np.tile(np.float32([0.1, 9, 9, 0.5, 9, 9]), (2, 1))  # color, then pose
    (group,) = model.window_groups
    predicted = group(rows, np.arange(2) / 25)[:, model.layout.columns["valence"]]
    np.testing.assert_allclose(predicted, (0.5 + 0.1 + 0.5 + 0.1) / 4, rtol=1e-6)


def test_a_member_that_does_not_read_a_backbone_is_not_touched_by_what_it_lacks(
    with_backbone,
):
    artifact = load_artifact(with_backbone)
    (member,) = artifact.manifest.members
    members = (replace(member, inputs=("pose",)),)
    artifact = replace(artifact, manifest=replace(artifact.manifest, members=members))
    (group,) = Model(artifact, Device(), [Echo(3)]).window_groups
    unseen = np.float32([[np.nan, np.nan, np.nan, 0.5, 0, 0]])
    assert group(unseen, np.zeros(1))[0, 0] == pytest.approx(0.5)
