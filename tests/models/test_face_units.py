"""Action units from measures, and expressions from action units by prototypes."""

import numpy as np
import pytest
import torch

from wildaffect.models.face_units import FaceUnits, Prototypes

MIRROR = torch.tensor([1, 0, 2, 3])
"""Two sides of one measure, one in the middle, and how well the neutral is known."""
UNITS = 3
CHANCES = ((0.9, 0.9, 0.1), (0.1, 0.9, 0.9), (0.1, 0.1, 0.9))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    spread = torch.tensor([0.5, 0.5, 2.0, 1.0])
    return FaceUnits(torch.zeros(4), spread, MIRROR, num_units=UNITS).eval()


def rows(num_rows=200, scale=1.0):
    return scale * torch.randn(num_rows, 4, generator=torch.Generator().manual_seed(1))


def test_a_mirrored_face_has_the_same_units_with_sides_exchanged(network):
    with torch.no_grad():
        seen, mirrored = network(rows()), network(rows()[:, MIRROR])
    torch.testing.assert_close(mirrored.logits, seen.logits)
    torch.testing.assert_close(mirrored.affect, seen.affect)
    torch.testing.assert_close(mirrored.intensity, seen.intensity)
    torch.testing.assert_close(mirrored.intensity_left, seen.intensity_right)
    torch.testing.assert_close(mirrored.intensity_right, seen.intensity_left)
    assert (seen.intensity_left - seen.intensity_right).abs().max() > 0.01


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e6])
def test_intensity_and_affect_stay_in_their_range_whatever_was_measured(network, scale):
    with torch.no_grad():
        outputs = network(rows(scale=scale))
    for item in (outputs.intensity, outputs.intensity_left, outputs.intensity_right):
        assert item.shape == (200, UNITS)
        assert ((item >= 0) & (item <= 1)).all()
    torch.testing.assert_close(
        outputs.intensity, torch.maximum(outputs.intensity_left, outputs.intensity_right)
    )
    assert (outputs.affect.abs() <= 1).all()
    assert torch.isfinite(outputs.logits).all()


def prototypes(forms=CHANCES, expression_of=(0, 1, 2), prior=(0.0, 0.0, 0.0), **settings):
    settings = {
        "present_from": (0.2, 0.4),
        "slope": 8.0,
        "sharpness": (1.0, 1.0),
    } | settings
    return Prototypes(forms, expression_of, prior, **settings)


def test_units_are_independent_evidence_as_bayes_has_it():
    intensity = np.array([0.7, 0.3, 0.05])
    present = 1 / (1 + np.exp(-8 * (intensity - 0.4)))
    chances = np.array(CHANCES)
    likelihood = (present * chances + (1 - present) * (1 - chances)).prod(1)
    logits = prototypes()(torch.tensor(intensity)[None].float(), torch.ones(1, 1))
    np.testing.assert_allclose(
        logits.softmax(1)[0], likelihood / likelihood.sum(), rtol=1e-5
    )


def test_an_expression_of_two_forms_is_no_likelier_than_one_of_a_repeated_form():
    intensity = torch.rand(50, 3, generator=torch.Generator().manual_seed(2))
    known = torch.full((50, 1), 0.5)
    once = prototypes()(intensity, known)
    twice = prototypes((*CHANCES, CHANCES[1]), (0, 1, 2, 1))(intensity, known)
    torch.testing.assert_close(twice, once)


def test_settings_go_from_an_unknown_neutral_to_a_known_one():
    one = prototypes(prior=(0.3, 0.0, -0.3), sharpness=(0.5, 2.0))
    intensity = torch.rand(20, 3, generator=torch.Generator().manual_seed(3))
    for known, present_from, sharpness in (
        (0.0, 0.2, 0.5),
        (1.0, 0.4, 2.0),
        (0.5, 0.3, 1.25),
    ):
        fixed = prototypes(
            prior=(0.3, 0.0, -0.3),
            present_from=(present_from, present_from),
            sharpness=(sharpness, sharpness),
        )
        torch.testing.assert_close(
            one(intensity, torch.full((20, 1), known)), fixed(intensity, torch.zeros(20, 1))
        )
