import dataclasses

import numpy as np
import pytest

from wildaffect.calibration.ensembling import average
from wildaffect.core.errors import BadArtifact
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import Task
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.manifest import Affine
from wildaffect.inference.model import SPREAD, Model
from wildaffect.runtime.network import Device

ROWS, TIMES = np.zeros((4, 3), np.float32), np.arange(4) / 25


def model_of(folder):
    return Model(load_artifact(folder), Device())


def predicted(folder):
    model = model_of(folder)
    (group,) = model.window_groups
    out = group(ROWS, TIMES)
    return {name: out[:, columns] for name, columns in model.layout.columns.items()}


def test_logits_become_probabilities_and_values_stay_in_their_range(toy, constant):
    out = predicted(
        toy(constant(3, valence=1.7, expression=(0.0, np.log(3)), units=(0.0, 20.0)))
    )
    np.testing.assert_allclose(out[Task.VALENCE], 1.0)
    np.testing.assert_allclose(out[Task.AROUSAL], -0.5)
    np.testing.assert_allclose(out[Task.EXPRESSION], [[0.25, 0.75]] * 4, rtol=1e-6)
    np.testing.assert_allclose(out[Task.ACTION_UNITS], [[0.5, 1.0]] * 4, rtol=1e-6)


def test_a_member_is_rescaled_before_the_mean_and_stays_in_its_range(toy, constant):
    networks = constant(3, valence=0.2, arousal=0.2), constant(3, valence=0.8)
    rescaled = {Task.VALENCE: Affine(scale=0.5, offset=-0.1), Task.AROUSAL: Affine(scale=9)}
    folder = toy(*networks, rescaled=[rescaled, {}])
    out = predicted(folder)
    np.testing.assert_allclose(out[Task.VALENCE], (0.0 + 0.8) / 2, atol=1e-6)
    np.testing.assert_allclose(out[Task.AROUSAL], (1.0 - 0.5) / 2, atol=1e-6)


def test_members_are_averaged_by_weight_and_their_spread_is_reported(toy, constant):
    members = constant(3, valence=0.0, arousal=0.2), constant(3, valence=0.8, arousal=0.2)
    out = predicted(toy(*members, weights=[3.0, 1.0]))
    np.testing.assert_allclose(out[Task.VALENCE], 0.2, atol=1e-6)
    spread = np.sqrt(0.75 * 0.2**2 + 0.25 * 0.6**2)
    np.testing.assert_allclose(out[f"{SPREAD} valence"], spread, rtol=1e-5)
    np.testing.assert_allclose(out[f"{SPREAD} arousal"], 0.0, atol=1e-6)


def test_a_network_that_lacks_an_output_is_refused(averaging, toy):
    network = (averaging / "member0.onnx").read_bytes()
    with pytest.raises(
        BadArtifact, match=r"outputs must name .*action_units.*, got valence"
    ):
        model_of(toy(network))


def test_an_artifact_averages_its_members_as_stored_outputs_are_averaged(toy, constant):
    rescaled = [{Task.VALENCE: Affine(scale=0.5, offset=0.1)}, {}]
    values = (0.2, 0.8)
    networks = [constant(3, valence=value) for value in values]
    out = predicted(toy(*networks, weights=[3.0, 1.0], rescaled=rescaled))
    members = [
        [
            SequenceOutputs(
                video="clip",
                frame_number=np.arange(4),
                time_s=TIMES,
                probs={Task.VALENCE: np.full(4, value, np.float32)},
            )
        ]
        for value in values
    ]
    (mixed,) = average(members, [3.0, 1.0], rescaling=rescaled)
    valence, spread = mixed.probs[Task.VALENCE], mixed.spread[Task.VALENCE]
    np.testing.assert_allclose(out["valence"][:, 0], valence, rtol=1e-5)
    np.testing.assert_allclose(out[f"{SPREAD} valence"][:, 0], spread, rtol=1e-5)


def test_a_network_of_other_widths_is_refused(toy, constant):
    with pytest.raises(BadArtifact, match=r"features must have 3 columns, .* got 5"):
        model_of(toy(constant(5)))
    with pytest.raises(
        BadArtifact, match="expression must have 2 values for each of 1 rows"
    ):
        model_of(toy(constant(3, expression=(0.0, 1.0, 2.0))))


def test_a_backbone_of_another_width_is_refused(with_backbone):
    artifact = load_artifact(with_backbone)
    backbone = dataclasses.replace(artifact.manifest.inputs[0], feature_dim=5)
    manifest = dataclasses.replace(artifact.manifest, inputs=(backbone,))
    with pytest.raises(BadArtifact, match=r"output must have shape \(2, 5\)"):
        Inputs(dataclasses.replace(artifact, manifest=manifest), Device())


def test_a_network_that_says_no_number_is_an_error(toy, constant):
    model = model_of(toy(constant(3)))
    with pytest.raises(
        BadArtifact, match="outputs must be finite, got others in a window of 4"
    ):
        model.window_groups[0](np.full((4, 3), np.nan, np.float32), TIMES)


def test_a_file_that_is_no_network_is_an_error(toy):
    with pytest.raises(BadArtifact, match="got bytes that are no ONNX"):
        model_of(toy(b"not ONNX"))
