"""Video transformers: outputs of the references, and weight files in every layout."""

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from safetensors.torch import load_file, save_file

from wildaffect.core.errors import BadWeights
from wildaffect.models.backbones.registry import backbone_spec, build_backbone
from wildaffect.models.backbones.videomae import (
    NormedMeanViT,
    NormedTokensViT,
    VideoViTConfig,
    sine_positions,
)
from wildaffect.models.backbones.videomae_keys import from_marlin, from_videomae
from wildaffect.models.backbones.vit import ViTConfig
from wildaffect.models.backbones.weights import ImportRequest, import_weights, load_weights

try:
    import transformers
except ImportError:
    transformers = None

needs_transformers = pytest.mark.skipif(transformers is None, reason="extra `speech`")
MICRO = "videomae_micro_patch8_64"
SMALL = VideoViTConfig(
    image=ViTConfig(size_px=32, patch_px=16, dim=24, depth=2, num_heads=3), num_frames=4
)


def reference_state(width=24, depth=2, patch=16, seed=0, norm="fc_norm"):
    """Random tensors under the names of the VideoMAE repository's encoder."""
    draw = torch.Generator().manual_seed(seed)

    def tensor(*shape, center=0.0):
        return center + (torch.rand(shape, generator=draw) - 0.5) * 3 / shape[-1] ** 0.5

    state = {
        "patch_embed.proj.weight": tensor(width, 3, 2, patch, patch) / patch,
        "patch_embed.proj.bias": tensor(width),
        f"{norm}.weight": tensor(width, center=1.0),
        f"{norm}.bias": tensor(width),
    }
    for index in range(depth):
        block = f"blocks.{index}."
        for name in ("norm1", "norm2"):
            state[block + name + ".weight"] = tensor(width, center=1.0)
            state[block + name + ".bias"] = tensor(width)
        state[block + "attn.q_bias"] = tensor(width)
        state[block + "attn.v_bias"] = tensor(width)
        state[block + "attn.qkv.weight"] = tensor(3 * width, width)
        state[block + "attn.proj.weight"] = tensor(width, width)
        state[block + "attn.proj.bias"] = tensor(width)
        state[block + "mlp.fc1.weight"] = tensor(4 * width, width)
        state[block + "mlp.fc1.bias"] = tensor(4 * width)
        state[block + "mlp.fc2.weight"] = tensor(width, 4 * width)
        state[block + "mlp.fc2.bias"] = tensor(width)
    return state


def as_transformers(state, prefix="videomae."):
    """The same tensors under the names of transformers' files."""
    named = {}
    for key, tensor in state.items():
        parts = key.split(".")
        layer = f"{prefix}encoder.layer.{parts[1]}." if parts[0] == "blocks" else ""
        inner = ".".join(parts[2:])
        if key.startswith("patch_embed.proj."):
            named[f"{prefix}embeddings.patch_embeddings.projection.{parts[-1]}"] = tensor
        elif key.startswith("norm."):
            named[f"{prefix}layernorm.{parts[-1]}"] = tensor
        elif inner == "attn.qkv.weight":
            for name, third in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                named[f"{layer}attention.attention.{name}.weight"] = third.clone()
        elif inner in {"attn.q_bias", "attn.v_bias"}:
            named[f"{layer}attention.attention.{parts[-1]}"] = tensor
        elif layer:
            theirs = {
                "norm1": "layernorm_before",
                "norm2": "layernorm_after",
                "attn.proj": "attention.output.dense",
                "mlp.fc1": "intermediate.dense",
                "mlp.fc2": "output.dense",
            }[inner.rpartition(".")[0]]
            named[f"{layer}{theirs}.{parts[-1]}"] = tensor
        else:
            named[key] = tensor
    return named


def as_marlin(state):
    """The same tensors under the names of MARLIN's files."""
    named = {"encoder.pos_embedding.emb": torch.zeros(1, 8, 24)}
    theirs = {
        "patch_embed.proj": "patch_embedding.projection",
        "mlp.fc1": "mlp.layers.0.linear",
        "mlp.fc2": "mlp.layers.1.linear",
        "fc_norm": "norm",
    }
    for key, tensor in state.items():
        name = key
        for ours, other in theirs.items():
            name = name.replace(ours, other)
        named["encoder." + name] = tensor
    return named


def features_by_definition(state, clips, pooled):
    """VideoMAE's encoder written out in tensors, with the tensors of its own files."""
    eps, heads = 1e-6, SMALL.image.num_heads
    tokens = F.conv3d(
        clips.transpose(1, 2),
        state["patch_embed.proj.weight"],
        state["patch_embed.proj.bias"],
        stride=(2, 16, 16),
    )
    tokens = tokens.flatten(2).transpose(1, 2)
    width = tokens.shape[2]
    for place in range(tokens.shape[1]):
        for column in range(width):
            angle = place / 10000 ** (2 * (column // 2) / width)
            tokens[:, place, column] += math.cos(angle) if column % 2 else math.sin(angle)

    def norm(values, name):
        weight, bias = state[name + ".weight"], state[name + ".bias"]
        return F.layer_norm(values, (width,), weight, bias, eps)

    for index in range(SMALL.image.depth):
        block = {
            key.removeprefix(f"blocks.{index}."): value
            for key, value in state.items()
            if key.startswith(f"blocks.{index}.")
        }
        normed = norm(tokens, f"blocks.{index}.norm1")
        q, k, v = (normed @ part.T for part in block["attn.qkv.weight"].chunk(3))
        q, v = q + block["attn.q_bias"], v + block["attn.v_bias"]
        q, k, v = (each.unflatten(2, (heads, -1)).transpose(1, 2) for each in (q, k, v))
        share = (q @ k.transpose(2, 3) / (width // heads) ** 0.5).softmax(-1)
        mixed = (share @ v).transpose(1, 2).flatten(2)
        tokens = tokens + mixed @ block["attn.proj.weight"].T + block["attn.proj.bias"]
        normed = norm(tokens, f"blocks.{index}.norm2")
        hidden = F.gelu(normed @ block["mlp.fc1.weight"].T + block["mlp.fc1.bias"])
        tokens = tokens + hidden @ block["mlp.fc2.weight"].T + block["mlp.fc2.bias"]
    return norm(tokens.mean(1), "fc_norm") if pooled else norm(tokens, "norm").mean(1)


def clips_of(num=2, config=SMALL):
    side = config.image.size_px
    draw = torch.Generator().manual_seed(3)
    return torch.randn((num, config.num_frames, 3, side, side), generator=draw)


@pytest.mark.parametrize("pooled", [True, False], ids=["fine-tuned", "pre-trained"])
def test_features_are_those_of_the_papers_definition(pooled):
    state = reference_state(norm="fc_norm" if pooled else "norm")
    network = (NormedMeanViT if pooled else NormedTokensViT)(SMALL).eval()
    network.load_state_dict(from_videomae(state))
    with torch.no_grad():
        got = network(clips_of())
        expected = features_by_definition(state, clips_of(), pooled)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


@needs_transformers
@pytest.mark.parametrize("pooled", [True, False], ids=["fine-tuned", "pre-trained"])
def test_features_are_those_of_transformers(pooled, tmp_path):
    config = transformers.VideoMAEConfig(
        image_size=32, patch_size=16, num_frames=4, tubelet_size=2, hidden_size=24,
        num_hidden_layers=2, num_attention_heads=3, intermediate_size=96,
        use_mean_pooling=pooled, num_labels=3,
    )  # fmt: skip
    kind = "VideoMAEForVideoClassification" if pooled else "VideoMAEModel"
    torch.manual_seed(0)
    theirs = getattr(transformers, kind)(config).eval()
    for parameter in theirs.parameters():  # biases and norms too
        torch.nn.init.normal_(parameter, 0.1, 0.2)
    theirs.save_pretrained(tmp_path)
    state = from_videomae(load_file(tmp_path / "model.safetensors"))
    ours = (NormedMeanViT if pooled else NormedTokensViT)(SMALL).eval()
    ours.load_state_dict({k: v for k, v in state.items() if not k.startswith("head.")})
    with torch.no_grad():
        if pooled:
            tokens = theirs.videomae(clips_of()).last_hidden_state
            expected = theirs.fc_norm(tokens.mean(1))
        else:
            expected = theirs(clips_of()).last_hidden_state.mean(1)
        got = ours(clips_of())
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-4)


def test_the_layouts_of_transformers_and_marlin_give_the_same_tensors():
    state = reference_state()
    expected = from_videomae(state)
    layouts = {
        "as transformers saves": from_videomae(as_transformers(state)),
        "without the outer name": from_videomae(as_transformers(state, prefix="")),
    }
    for name, got in layouts.items():
        assert got.keys() == expected.keys(), name
        assert all(torch.equal(got[key], expected[key]) for key in expected), name
    marlin = {
        k.removeprefix("encoder."): v for k, v in from_marlin(as_marlin(state)).items()
    }
    assert marlin.pop("pos_embedding.emb") is not None
    assert marlin.keys() == expected.keys()
    assert all(torch.equal(marlin[key], expected[key]) for key in expected)


def micro_state(norm="fc_norm"):
    return reference_state(width=128, depth=6, patch=8, norm=norm)


FILES = {
    "fine-tuned, DeepSpeed": ("mae_mean", lambda: {"module": micro_state()}),
    "fine-tuned, with its classifier": (
        "mae_mean",
        lambda: (
            micro_state() | {"head.weight": torch.ones(3, 128), "head.bias": torch.ones(3)}
        ),
    ),
    "pre-trained, with its decoder": (
        "mae",
        lambda: {
            "model": {"encoder." + k: v for k, v in micro_state("norm").items()}
            | {
                "decoder.blocks.0.attn.q_bias": torch.ones(8),
                "decoder.blocks.0.attn.v_bias": torch.ones(8),
                "encoder_to_decoder.weight": torch.ones(8, 128),
                "mask_token": torch.ones(1, 1, 8),
            },
            "epoch": 3,
        },
    ),
    "transformers": ("mae", lambda: as_transformers(micro_state("norm"))),
    "transformers, fine-tuned": (
        "mae_mean",
        lambda: (
            as_transformers(micro_state())
            | {"classifier.weight": torch.ones(3, 128), "classifier.bias": torch.ones(3)}
        ),
    ),
}


@pytest.mark.parametrize("layout", FILES)
def test_files_in_every_layout_are_imported_and_come_back(layout, tmp_path):
    tag, made = FILES[layout]
    torch.save(made(), tmp_path / "theirs.pth")
    request = ImportRequest(file=tmp_path / "theirs.pth", network=f"{MICRO}.{tag}")
    import_weights(request, tmp_path / "weights")
    loaded = load_weights(f"{MICRO}.{tag}", tmp_path / "weights")
    norm = "norm" if tag == "mae" else "fc_norm"
    bias = micro_state(norm)["blocks.5.attn.q_bias"]
    got = loaded.backbone.state_dict()["blocks.5.attn.qkv.bias"]
    assert torch.equal(got[:128], bias)
    assert not got[128:256].any()


def test_marlins_files_fit_its_network_at_full_size():
    state = {
        key: tensor.new_zeros(()).expand(tensor.shape)
        for key, tensor in reference_state(width=384, depth=12).items()
    }
    spec = backbone_spec("videomae_small_patch16_224.marlin")
    named = spec.convert(as_marlin(state))
    network = spec.build()
    ours = {k: tuple(v.shape) for k, v in network.state_dict().items()}
    theirs = {k.removeprefix("encoder."): tuple(v.shape) for k, v in named.items()}
    assert theirs.pop("pos_embedding.emb")
    assert ours == theirs
    assert network.fc_norm.eps == network.blocks[0].norm1.eps == 1e-5
    assert (spec.preprocess.alignment, spec.preprocess.mean) == ("box", (0.0,) * 3)


@pytest.mark.parametrize(
    ("network", "made", "message"),
    [
        pytest.param(
            f"{MICRO}.mae_mean",
            lambda: build_backbone("vit_micro_patch8_64.mae_mean").state_dict(),
            r"unexpected \(cls_token, pos_embed\), 1 of another shape "
            r"\(patch_embed.proj.weight \(128, 3, 8, 8\) for \(128, 3, 2, 8, 8\)\); "
            r"they fit vit_micro_patch8_64.mae_mean$",
            id="an image network",
        ),
        pytest.param(
            "vit_micro_patch8_64.mae_mean",
            micro_state,
            rf"they fit {MICRO}.mae_mean$",
            id="a video file for an image network",
        ),
        pytest.param(
            f"{MICRO}.mae",
            micro_state,
            rf"missing \(norm.weight, norm.bias\), 2 unexpected \(fc_norm.weight, "
            rf"fc_norm.bias\); they fit {MICRO}.mae_mean$",
            id="fine-tuned for pre-trained",
        ),
        pytest.param(
            f"{MICRO}.mae_mean",
            lambda: reference_state(width=64, depth=6, patch=8),
            r"of another shape \(.*no other registered network fits them either$",
            id="another size",
        ),
        pytest.param(
            f"{MICRO}.mae_mean",
            lambda: {k: v for k, v in micro_state().items() if ".5.attn.v_bias" not in k},
            r"1 missing \(blocks.5.attn.qkv.bias\), 1 unexpected \(blocks.5.attn.q_bias\)",
            id="a tensor missing",
        ),
    ],
)
def test_other_weights_are_refused_with_what_differs(network, made, message, tmp_path):
    torch.save(dict(made()), tmp_path / "theirs.pth")
    request = ImportRequest(file=tmp_path / "theirs.pth", network=network)
    with pytest.raises(BadWeights, match=message) as caught:
        import_weights(request, tmp_path / "weights")
    assert "\n" not in str(caught.value)


def test_safetensors_of_transformers_are_imported(tmp_path):
    save_file(as_transformers(micro_state()), tmp_path / "model.safetensors")
    request = ImportRequest(
        file=tmp_path / "model.safetensors", network=f"{MICRO}.mae_mean"
    )
    assert import_weights(request, tmp_path / "weights").feature_dim == 128


def test_the_order_of_frames_matters():
    network = NormedMeanViT(SMALL).eval()
    clips = clips_of(1)
    with torch.no_grad():
        difference = network(clips) - network(clips.flip(1))
    assert difference.abs().max() > 1e-3


def test_positions_tell_every_token_apart():
    positions = sine_positions(24, 8)[0]
    assert torch.cdist(positions, positions).fill_diagonal_(1).min() > 0.1


@pytest.mark.parametrize("shape", [(4, 3, 32, 32), (1, 8, 3, 32, 32), (1, 4, 3, 16, 16)])
def test_clips_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"clips must have shape \(B, 4, 3, 32, 32\), got"):
        NormedMeanViT(SMALL)(torch.zeros(shape))


def test_frames_that_do_not_fill_tubelets_are_refused():
    with pytest.raises(
        ValueError, match="num_frames must be a multiple of tubelet_frames=2"
    ):
        VideoViTConfig(image=SMALL.image, num_frames=5)
