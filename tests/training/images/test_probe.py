import numpy as np
import pytest
import torch

from wildaffect.core.preprocess import Preprocess
from wildaffect.training.core.scores import task_scores
from wildaffect.training.images.job import load_sets
from wildaffect.training.images.labeled import SetPlace, join_labels, labeled_tasks
from wildaffect.training.images.probe import Embedded, embed_crops, probe


@pytest.fixture
def halves(labeled):
    (crops,) = load_sets([SetPlace(data=labeled)], "train")
    people = crops.subjects
    is_asked = people == people[-1]
    return [crops.take(np.flatnonzero(~is_asked)), crops.take(np.flatnonzero(is_asked))]


def scores(known, unknown):
    tasks = labeled_tasks(join_labels([known.crops]))
    found = probe(known, unknown).by_name()
    return {name: task_scores(item.pooled(), tasks) for name, item in found.items()}


def with_features(crops, make):
    labels = join_labels([crops])
    return Embedded(make(labels), crops)


def test_features_that_tell_the_label_score_high_in_both_ways(halves):
    def valence_among_noise(labels):
        valence = torch.from_numpy(labels.valence.values).float()[:, None]
        noise = torch.randn(len(valence), 4, generator=torch.Generator().manual_seed(0))
        return torch.cat([10 * valence, 0.01 * noise], 1)

    made = scores(*(with_features(half, valence_among_noise) for half in halves))
    assert made["linear"]["valence"] > 0.9
    assert made["linear"]["arousal"] > 0.9  # falls as valence rises


def test_features_of_noise_score_low(halves):
    def noise(labels):
        seed = len(labels.valence.values)
        return torch.randn(seed, 3, generator=torch.Generator().manual_seed(seed))

    made = scores(*(with_features(half, noise) for half in halves))
    assert abs(made["linear"]["valence"]) < 0.6
    assert abs(made["neighbors"]["valence"]) < 0.6


def test_the_same_features_give_the_same_scores(halves):
    def color(labels):
        return torch.from_numpy(labels.arousal.values).float()[:, None] + torch.ones(3)

    pair = [with_features(half, color) for half in halves]
    assert scores(*pair) == scores(*pair)


def test_crops_that_do_not_decode_have_no_features(halves):
    halves[0].paths[2].write_bytes(b"broken")
    preprocess = Preprocess(size_px=16, mean=(0.5,) * 3, std=(0.5,) * 3)
    made = embed_crops(
        lambda crops: crops.mean((2, 3)), halves[0], preprocess, torch.device("cpu")
    )
    assert made.features.shape == (len(halves[0]) - 1, 3)
    assert len(made.annotations) == len(halves[0]) - 1
