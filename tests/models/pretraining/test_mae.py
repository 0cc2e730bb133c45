import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wildaffect.core.errors import UsageError
from wildaffect.core.preprocess import Preprocess
from wildaffect.faces.crop import normalize
from wildaffect.models.backbones.registry import build_backbone
from wildaffect.models.backbones.vit import ViTConfig
from wildaffect.models.pretraining.catalog import MAES, build_mae
from wildaffect.models.pretraining.mae import (
    MAEConfig,
    MaskedAutoencoder,
    draw_noise,
    encoder_state,
)
from wildaffect.models.pretraining.patches import (
    normalize_patches,
    patchify,
    picture_sheet,
    reconstruct,
    to_pixels,
    unpatchify,
)

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden/backbones/mae.json").read_text("utf-8")
)
MICRO = "vit_micro_patch8_64.mae"


def golden_mae() -> MaskedAutoencoder:
    sizes = dict(GOLDEN["config"])
    decoder = {key: sizes.pop(key) for key in list(sizes) if key.startswith("decoder")}
    return MaskedAutoencoder(MAEConfig(encoder=ViTConfig(**sizes), **decoder))


def small_crops(num: int = 2) -> torch.Tensor:
    return torch.randn(num, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def noise_for(crops: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return draw_noise(len(crops), 64, torch.Generator().manual_seed(seed))


@pytest.mark.golden
def test_loss_guess_and_mask_are_those_of_the_published_autoencoder(formula, fill):
    assert "transformers" in GOLDEN["origin"]
    mae = fill(golden_mae())
    crops = torch.as_tensor(formula["formula_crops"](2, 3, GOLDEN["config"]["size_px"]))
    noise = torch.as_tensor(formula["formula_tensor"]("noise", (2, 16), scale=1.0))
    with torch.no_grad():
        out = mae(crops, noise)
    assert out.mask.int().tolist() == GOLDEN["mask"]
    assert out.loss.item() == pytest.approx(GOLDEN["loss"], rel=1e-5)
    torch.testing.assert_close(out.pred, torch.tensor(GOLDEN["pred"]), rtol=1e-5, atol=1e-5)


def test_the_published_sizes_have_the_published_names():
    with torch.device("meta"):
        names = set(build_mae("vit_base_patch16_224.mae").state_dict())
    assert {
        "cls_token",
        "pos_embed",
        "patch_embed.proj.weight",
        "blocks.11.attn.qkv.bias",
        "norm.weight",
        "mask_token",
        "decoder_pos_embed",
        "decoder_embed.weight",
        "decoder_blocks.7.mlp.fc2.weight",
        "decoder_norm.bias",
        "decoder_pred.weight",
    } <= names


def test_three_quarters_of_the_patches_are_hidden_in_each_crop():
    crops = small_crops(3)
    out = build_mae(MICRO)(crops, noise_for(crops))
    assert out.mask.sum(dim=1).tolist() == [48, 48, 48]
    assert not torch.equal(out.mask[0], out.mask[1])


def test_the_same_noise_gives_the_same_step_and_other_noise_another():
    mae, crops = build_mae(MICRO), small_crops()
    first, again = mae(crops, noise_for(crops)), mae(crops, noise_for(crops))
    assert torch.equal(first.pred, again.pred)
    assert not torch.equal(first.mask, mae(crops, noise_for(crops, seed=1)).mask)


def test_hidden_patches_do_not_reach_the_guess():
    mae, crops = build_mae(MICRO).eval(), small_crops()
    noise = noise_for(crops)
    out = mae(crops, noise)
    patches = patchify(crops, 8)
    other = unpatchify(patches.masked_fill(out.mask.unsqueeze(2), 9.0), 8, 3)
    torch.testing.assert_close(mae(other, noise).pred, out.pred)
    shown = unpatchify(patches.masked_fill(~out.mask.unsqueeze(2), 9.0), 8, 3)
    assert (mae(shown, noise).pred - out.pred).abs().max() > 1e-3


def test_visible_patches_do_not_count_in_the_loss():
    mae, crops = build_mae(MICRO).eval(), small_crops()
    out = mae(crops, noise_for(crops))
    error = ((out.pred - mae.target(crops)) ** 2).mean(dim=2)
    assert out.loss.item() == pytest.approx(error[out.mask].mean().item(), rel=1e-5)


def test_a_perfect_guess_would_cost_nothing_and_the_mean_about_one():
    crops = small_crops()
    target = normalize_patches(patchify(crops, 8))
    assert target.mean(dim=2).abs().max() < 1e-5
    assert (target**2).mean().item() == pytest.approx(1, abs=0.01)


def test_training_learns_one_batch_by_heart():
    torch.manual_seed(0)
    mae, crops = build_mae(MICRO), small_crops()
    smooth = torch.nn.functional.interpolate(crops[..., :5, :5], size=64, mode="bicubic")
    optimizer = torch.optim.AdamW(mae.parameters(), lr=2e-3)
    noise = noise_for(smooth)
    losses = []
    for _ in range(100):
        out = mae(smooth, noise)
        optimizer.zero_grad()
        out.loss.backward()
        optimizer.step()
        losses.append(out.loss.item())
    assert losses[-1] < 0.5  # the mean of each patch would cost 1


def test_every_learned_parameter_gets_a_gradient():
    mae, crops = build_mae(MICRO), small_crops()
    mae(crops, noise_for(crops)).loss.backward()
    without = [n for n, p in mae.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []
    assert not mae.pos_embed.requires_grad
    assert not mae.decoder_pos_embed.requires_grad


def test_the_trained_encoder_is_a_backbone_and_gives_what_it_gave():
    torch.manual_seed(3)
    mae, crops = build_mae(MICRO).eval(), small_crops()
    backbone = build_backbone(MICRO).eval()
    backbone.load_state_dict(encoder_state(mae))
    with torch.no_grad():
        tokens = mae.norm(mae.encode(mae.embed(crops)))
        torch.testing.assert_close(backbone(crops), tokens[:, 0])


@given(
    grid=st.integers(1, 4),
    patch_px=st.sampled_from([1, 2, 4]),
    channels=st.sampled_from([1, 3]),
)
def test_patches_put_together_give_back_the_crop(grid, patch_px, channels):
    side = grid * patch_px
    crops = torch.arange(2.0 * channels * side**2).view(2, channels, side, side)
    patches = patchify(crops, patch_px)
    assert patches.shape == (2, grid**2, patch_px**2 * channels)
    assert torch.equal(unpatchify(patches, patch_px, channels), crops)
    corner = crops[0, :, :patch_px, :patch_px].permute(1, 2, 0).flatten()
    assert torch.equal(patches[0, 0], corner)


def test_the_picture_keeps_what_was_shown_and_paints_what_was_hidden():
    crops = small_crops()
    mae = build_mae(MICRO)
    out = mae(crops, noise_for(crops))
    pictures = reconstruct(crops, mae.target(crops), out.mask, patch_px=8)
    torch.testing.assert_close(pictures.painted, crops)  # a perfect guess
    hidden = out.mask.unsqueeze(2)
    assert (patchify(pictures.masked, 8).masked_select(hidden) == 0).all()
    shown = patchify(pictures.masked, 8).masked_select(~hidden)
    assert torch.equal(shown, patchify(crops, 8).masked_select(~hidden))


@pytest.mark.parametrize("channels", ["rgb", "bgr", "gray"])
def test_pixels_come_back_from_a_normalized_crop(channels):
    num = 1 if channels == "gray" else 3
    preprocess = Preprocess(
        size_px=8, channels=channels, mean=(0.4, 0.5, 0.6)[:num], std=(0.2, 0.25, 0.3)[:num]
    )
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (2, 8, 8, num), dtype=np.uint8)
    back = to_pixels(torch.as_tensor(normalize(pixels, preprocess)), preprocess)
    rgb = pixels[..., ::-1] if channels == "bgr" else np.broadcast_to(pixels, (2, 8, 8, 3))
    np.testing.assert_array_equal(back, rgb)


def test_the_sheet_has_a_row_per_crop_and_three_columns():
    crops = small_crops()
    mae = build_mae(MICRO)
    out = mae(crops, noise_for(crops))
    pictures = reconstruct(crops, out.pred, out.mask, patch_px=8)
    preprocess = Preprocess(size_px=64, mean=(0.5,) * 3, std=(0.5,) * 3)
    sheet = picture_sheet(crops, pictures, preprocess)
    assert sheet.shape == (128, 192, 3)
    assert sheet.dtype == np.uint8
    np.testing.assert_array_equal(sheet[64:, :64], to_pixels(crops, preprocess)[1])


def test_noise_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"noise must have shape \(2, 64\), got \(2, 16\)"):
        build_mae(MICRO)(small_crops(), torch.rand(2, 16))


@pytest.mark.parametrize("ratio", [0.0, 1.0, 0.999])
def test_a_mask_that_hides_nothing_or_all_is_refused(ratio):
    with pytest.raises(
        ValueError, match="mask_ratio must mask some but not all of 64 patches"
    ):
        MAEConfig(encoder=MAES[MICRO].encoder, mask_ratio=ratio)


def test_an_unknown_autoencoder_suggests_the_nearest():
    with pytest.raises(UsageError, match=r"did you mean vit_base_patch16_224\.mae"):
        build_mae("vit_base_patch16.mae")
