"""Members that answer row by row: what they say, and that their files say the same."""

import numpy as np
import pytest
import torch

from wildaffect.core.errors import BadArtifact
from wildaffect.core.tasks import Task
from wildaffect.export import members
from wildaffect.export.members import AppearanceMember, FaceMember, member_onnx
from wildaffect.inference.model import INTENSITIES
from wildaffect.models.face_units import Asymmetry, FaceUnits, Prototypes
from wildaffect.runtime.network import Device, Network

PLACES = torch.tensor([[0.0, -0.1], [0.8, 0.4], [-0.5, 0.6]])


@pytest.fixture(scope="module")
def units():
    torch.manual_seed(3)
    mirror = torch.tensor([1, 0, 2])
    return FaceUnits(torch.zeros(3), torch.ones(3), mirror, num_units=2, hidden=(8, 8))


def appearance(**settings):
    settings = {"temperature": (1.0, 1.0), "absent": 0.0} | settings
    return AppearanceMember([1, 0, None], PLACES, **settings)


def face(units, smile_weight=0.3):
    prototypes = Prototypes(
        [[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]],
        [0, 1, 2],
        [0.0, -0.2, -0.5],
        present_from=(0.1, 0.4),
        slope=8.0,
        sharpness=(0.5, 1.5),
    )
    weight = torch.tensor([[0.4, 0.0], [-0.4, 0.0], [0.0, 0.0]])
    return FaceMember(
        units,
        Asymmetry(weight, units.mirror),
        prototypes,
        read=[1, 0],
        places=PLACES,
        smile=[3, 4],
        smile_weight=smile_weight,
    )


def made(units):
    return {
        "face": (face(units), 5),
        "appearance": (appearance(temperature=(2.0, 6.0), absent=0.02), 3),
    }


@pytest.mark.parametrize("name", ["face", "appearance"])
@pytest.mark.parametrize("num_rows", [1, 3, 50])
def test_the_file_says_what_the_member_says(units, name, num_rows):
    member, width = made(units)[name]
    network = Network(member_onnx(member, width), device=Device())
    assert network.output_names == tuple(str(output) for output in member.outputs)
    rows = torch.randn(1, num_rows, width, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        wanted = member(rows)
    for output, expected in zip(network(rows.numpy()), wanted, strict=True):
        np.testing.assert_allclose(output, expected.numpy(), atol=1e-4)


def test_a_file_that_says_something_else_is_refused(units):
    member, width = made(units)["face"]
    content = member_onnx(member, width)
    other = face(units, smile_weight=0.6).eval()
    names = [str(name) for name in member.outputs]
    members._check(member, content, names, width)
    with pytest.raises(BadArtifact, match=r"export: valence of the exported network must"):
        members._check(other, content, names, width)


def test_intensities_are_given_from_0_to_5_and_a_smile_adds_to_valence_alone(units):
    member = face(units).eval()
    rows = torch.zeros(1, 2, 5)
    rows[0, 1, 3:] = 0.5
    with torch.no_grad():
        logits, intensity, _, _, expression, valence, arousal = member(rows)
        alone = units(rows[0, :, :3])
    torch.testing.assert_close(intensity[0], 5 * alone.intensity)
    torch.testing.assert_close(logits[0, 0], logits[0, 1])
    torch.testing.assert_close(expression[0, 0], expression[0, 1])
    assert float(arousal[0, 0]) == float(arousal[0, 1])
    assert float(valence[0, 1] - valence[0, 0]) == pytest.approx(0.075, abs=1e-6)


def test_the_stronger_side_has_the_intensity_and_a_mirror_exchanges_the_sides(units):
    member = face(units).eval()
    rows = torch.randn(1, 40, 5, generator=torch.Generator().manual_seed(2))
    mirrored = rows[..., [1, 0, 2, 3, 4]]
    with torch.no_grad():
        _, intensity, left, right, *_ = member(rows)
        _, _, other_left, other_right, *_ = member(mirrored)
    torch.testing.assert_close(torch.maximum(left, right), intensity)
    torch.testing.assert_close(other_left, right)
    torch.testing.assert_close(other_right, left)
    one_sided, same = (left - right)[0].T
    leads = 0.4 * (rows[0, :, 0] - rows[0, :, 1])
    assert (one_sided * leads >= 0).all()
    assert one_sided.abs().max() > 1
    assert same.abs().max() == 0


def said_of(member, *rows):
    """Probabilities, valence and arousal of each row: logits, then how well it is known."""
    with torch.no_grad():
        logits, valence, arousal = member(torch.tensor([rows], dtype=torch.float32))
    return logits[0].softmax(1).numpy(), valence[0].numpy(), arousal[0].numpy()


def test_logits_of_the_picture_stand_under_our_names():
    probs, valence, arousal = said_of(appearance(), (np.log(3), 0.0, 0.0))
    np.testing.assert_allclose(probs[0], [0.25, 0.75, 0.0], atol=1e-5)
    assert valence[0] == pytest.approx(0.75 * 0.8, abs=1e-5)
    assert arousal[0] == pytest.approx(-0.25 * 0.1 + 0.75 * 0.4, abs=1e-5)


def test_a_class_that_the_picture_has_none_of_gets_its_share():
    probs, _, _ = said_of(appearance(absent=0.25), (5.0, 0.0, 0.0))
    assert probs[0, 2] == pytest.approx(0.25 / 1.25, abs=1e-5)


def test_a_row_is_answered_with_the_mean_of_the_logits_so_far():
    rows = [(2.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, -4.0, 0.0)]
    together = said_of(appearance(), *rows)[0]
    for last in range(3):
        mean = np.mean(rows[: last + 1], axis=0).tolist()
        np.testing.assert_allclose(
            together[last], said_of(appearance(), mean)[0][0], atol=1e-5
        )


@pytest.mark.parametrize(("known", "temperature"), [(0.0, 2.0), (1.0, 6.0), (0.25, 3.0)])
def test_the_better_the_neutral_is_known_the_less_sure_the_picture_is(known, temperature):
    probs, _, _ = said_of(appearance(temperature=(2.0, 6.0)), (6.0, 0.0, known))
    assert probs[0, 1] == pytest.approx(1 / (1 + np.exp(-6.0 / temperature)), abs=1e-4)


def test_members_name_their_outputs_after_tasks(units):
    for member, _ in made(units).values():
        assert set(member.outputs) - set(INTENSITIES) <= set(Task)
