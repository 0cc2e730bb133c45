"""Video backbones as feature sets: in the runtime as in torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wildaffect.core.clips import ClipOptions, ClipSampling
from wildaffect.core.errors import BadArtifact, UsageError
from wildaffect.export.backbone import check_error
from wildaffect.export.clip_backbone import clip_backbone_to_onnx, clip_error
from wildaffect.features.clip_sets import ClipSet
from wildaffect.features.clips import Clip
from wildaffect.features.embedding import ClipEmbedder
from wildaffect.models.backbones.registry import BACKBONES, backbone_spec, build_backbone
from wildaffect.models.backbones.weights import ImportRequest, import_weights
from wildaffect.recipes.embedders import backbone_sets, torch_embed_clips
from wildaffect.runtime.network import Device

NETWORK = "videomae_micro_patch8_64.mae_mean"
PREPROCESS = backbone_spec(NETWORK).preprocess


@pytest.fixture(scope="module")
def backbone():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return build_backbone(NETWORK).eval()


@pytest.fixture(scope="module")
def weights(backbone, tmp_path_factory):
    """Folder of imported weights."""
    folder = tmp_path_factory.mktemp("weights")
    torch.save(backbone.state_dict(), folder / "theirs.pth")
    import_weights(ImportRequest(file=folder / "theirs.pth", network=NETWORK), folder)
    return folder / NETWORK


def clips_of(num):
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (num, 16, 64, 64, 3), dtype=np.uint8)
    return [Clip(0, 0.0, tuple(each)) for each in crops]


def made(weights, **options):
    return backbone_sets(
        [str(weights)],
        Device(),
        precision="f32",
        on_cuda=False,
        clips=ClipOptions(**options),
    )


def test_the_runtime_gives_the_features_of_torch(weights):
    (clip_set,) = made(weights)
    assert isinstance(clip_set, ClipSet)
    assert clip_set.name == NETWORK
    assert clip_set.sampling == ClipSampling(num_frames=16, step_s=4 / 30)
    clips = clips_of(2)
    in_runtime = clip_set.start()(clips)
    in_torch = torch_embed_clips(str(weights), "cpu")(clips)
    assert in_runtime.shape == (2, len(clip_set.columns)) == (2, 128)
    np.testing.assert_allclose(in_runtime, in_torch, atol=1e-4)
    assert np.abs(in_runtime[0] - in_runtime[1]).max() > 1e-3


def test_choices_of_the_user_reach_the_set(weights):
    (clip_set,) = made(weights, step_s=0.2, stride=16, row_at="end")
    assert clip_set.sampling == ClipSampling(
        num_frames=16, step_s=0.2, stride=16, row_at="end"
    )
    with pytest.raises(UsageError, match=r"^clips: stride must be at least 1, got 0$"):
        made(weights, stride=0)


@pytest.mark.slow
def test_a_file_of_another_network_is_refused(backbone):
    torch.manual_seed(1)
    other = build_backbone(NETWORK).eval()
    embed = ClipEmbedder(clip_backbone_to_onnx(other), PREPROCESS, Device(), 16)
    error = clip_error(backbone, embed, PREPROCESS)
    with pytest.raises(BadArtifact, match="exported NormedMeanViT must be within"):
        check_error(error, backbone, Device())


def test_a_network_of_ones_own_must_say_what_clips_it_reads(weights, monkeypatch):
    spec = replace(backbone_spec(NETWORK), clips=None)
    monkeypatch.setitem(BACKBONES._parts, NETWORK, spec)
    with pytest.raises(UsageError, match="its specification must have `clips`"):
        made(weights)
