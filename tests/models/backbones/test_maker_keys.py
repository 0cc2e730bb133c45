"""Files of DINOv2, DINOv3 and CLIP in their makers' layouts fit timm's networks."""

import pytest
import torch
from safetensors.torch import load_file

from wildaffect.core.errors import BadWeights
from wildaffect.models.backbones.fitting import fit_tensors, network_shapes
from wildaffect.models.backbones.maker_keys import from_makers
from wildaffect.models.backbones.registry import backbone_spec

try:
    import transformers
except ImportError:
    transformers = None

needs_transformers = pytest.mark.skipif(transformers is None, reason="extra `speech`")
DINOV2 = "timm/vit_small_patch14_dinov2.lvd142m"
REGISTERS = "timm/vit_small_patch14_reg4_dinov2.lvd142m"
DINOV3 = "timm/vit_small_patch16_dinov3.lvd1689m"
CLIP = "timm/vit_base_patch16_clip_quickgelu_224.openai"
LARGE_CLIP = "timm/vit_large_patch14_clip_quickgelu_224.openai"
SIZES = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3}


def timm_state(network):
    """Tensors of the network under timm's names; no memory but for one value each."""
    shapes = network_shapes(network).items()
    return {
        key.removeprefix("net."): torch.zeros(()).expand(shape) for key, shape in shapes
    }


def official_dinov2(registers=0):
    """Names and shapes of dinov2_vits14_pretrain.pth, and of that with registers."""
    state = timm_state(DINOV2)
    state["mask_token"] = torch.zeros(1, 384)
    state["cls_token"] = torch.full((1, 1, 384), 2.0)
    state["pos_embed"] = torch.arange(1370.0).reshape(1, 1370, 1).expand(1, 1370, 384) + 1
    if registers:
        state["register_tokens"] = torch.zeros(1, registers, 384)
    return state


def official_dinov3(bias=0.0):
    """Names and shapes of dinov3_vits16_pretrain."""
    state = {"mask_token": torch.zeros(1, 384), "rope_embed.periods": torch.ones(16)}
    for key, tensor in timm_state(DINOV3).items():
        name = key.replace("gamma_1", "ls1.gamma").replace("gamma_2", "ls2.gamma")
        state[name.replace("reg_token", "storage_tokens")] = tensor
        if key.endswith("qkv.weight"):
            state[key.replace("weight", "bias")] = torch.full((1152,), bias)
            state[key.replace("weight", "bias_mask")] = torch.ones(1152)
    return state


def official_clip():
    """Names and shapes of ViT-B-16 as OpenCLIP and OpenAI save it."""
    pairs = (
        ("patch_embed.proj.weight", "conv1.weight"), ("norm_pre.", "ln_pre."),
        ("pos_embed", "positional_embedding"), ("cls_token", "class_embedding"),
        ("blocks.", "transformer.resblocks."), (".norm", ".ln_"), ("norm.", "ln_post."),
        ("qkv.", "in_proj_"), ("attn.proj.", "attn.out_proj."), ("mlp.fc1.", "mlp.c_fc."),
        ("mlp.fc2.", "mlp.c_proj."),
    )  # fmt: skip
    state = {
        "visual.proj": torch.zeros(768, 512),
        "text_projection": torch.zeros(512, 512),
        "positional_embedding": torch.zeros(77, 512),
        "token_embedding.weight": torch.zeros(9, 512),
        "transformer.resblocks.0.ln_1.weight": torch.zeros(512),
        "ln_final.weight": torch.zeros(512),
        "logit_scale": torch.zeros(()),
    }
    for key, tensor in timm_state(CLIP).items():
        name = key
        for ours, theirs in pairs:
            name = name.replace(ours, theirs)
        state[f"visual.{name}"] = tensor
    state["visual.class_embedding"] = torch.zeros(768)
    state["visual.positional_embedding"] = torch.zeros(197, 768)
    return state


def fitted(network, state):
    return fit_tensors("theirs.pth", state, backbone_spec(network), resize_positions=False)


@pytest.mark.parametrize(
    ("network", "made", "dropped"),
    [
        (DINOV2, official_dinov2, {"mask_token"}),
        (REGISTERS, lambda: official_dinov2(registers=4), {"mask_token"}),
        (DINOV3, official_dinov3, {"mask_token", "rope_embed.periods"}),
        (CLIP, official_clip, {"visual.proj", "text_projection", "logit_scale"}),
        (DINOV2, lambda: timm_state(DINOV2), set()),
        (CLIP, lambda: timm_state(CLIP), set()),
    ],
    ids=["dinov2", "registers", "dinov3", "clip", "timm's dinov2", "timm's clip"],
)
def test_files_of_the_makers_and_of_timm_fit(network, made, dropped):
    fit = fitted(network, made())
    assert fit.tensors.keys() == network_shapes(network).keys()
    assert dropped <= set(fit.dropped)


def test_the_class_token_of_dinov2_with_registers_has_its_position():
    tensors = fitted(REGISTERS, official_dinov2(registers=4)).tensors
    assert tensors["net.cls_token"].unique().tolist() == [3.0]  # 2, and position 0 has 1
    assert tensors["net.pos_embed"][0, 0, 0] == 2.0


@pytest.mark.parametrize(
    ("network", "made", "message"),
    [
        (DINOV2, lambda: official_dinov2(registers=4), r"unexpected \(reg_token"),
        (REGISTERS, official_dinov2, r"1 missing \(reg_token\)"),
        (DINOV3, lambda: official_dinov3(0.5), r"24 unexpected \(blocks\.0\.attn\.q_bias"),
        (DINOV3, official_dinov2, r"unexpected \(pos_embed"),
        (
            "timm/vit_large_patch14_clip_quickgelu_224.openai",
            official_clip,
            "another shape",
        ),
    ],
)
def test_files_of_another_network_are_refused_in_one_line(network, made, message):
    with pytest.raises(BadWeights, match=message) as caught:
        fitted(network, made())
    assert "\n" not in str(caught.value)


def randomized(network):
    torch.manual_seed(0)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0.1, 0.2)
    return network.eval()


def compared(theirs, ours, folder, crops, wanted):
    theirs.save_pretrained(folder)
    state = from_makers(load_file(folder / "model.safetensors"))
    missing, unexpected = ours.load_state_dict(state, strict=False)
    assert missing == []
    assert set(unexpected) <= {"mask_token"}
    with torch.no_grad():
        got, expected = ours.eval()(crops), wanted(theirs(crops))
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-4)


@needs_transformers
@pytest.mark.parametrize("registers", [0, 4])
def test_dinov2_of_transformers_gives_the_same_features(registers, timm, tmp_path):
    kind = "Dinov2WithRegisters" if registers else "Dinov2"
    config = getattr(transformers, f"{kind}Config")(**SIZES, image_size=28, patch_size=14)
    theirs = randomized(getattr(transformers, f"{kind}Model")(config))
    ours = timm.models.VisionTransformer(
        img_size=28, patch_size=14, embed_dim=24, depth=2, num_heads=3, init_values=1.0,
        num_classes=0, reg_tokens=registers, no_embed_class=bool(registers),
    )  # fmt: skip
    crops = torch.randn(2, 3, 28, 28)
    compared(theirs, ours, tmp_path, crops, lambda made: made.pooler_output)


@needs_transformers
def test_clip_of_transformers_gives_the_same_features(timm, tmp_path):
    config = transformers.CLIPVisionConfig(
        **SIZES, intermediate_size=96, image_size=32, patch_size=16
    )
    theirs = randomized(transformers.CLIPVisionModel(config))
    ours = timm.models.VisionTransformer(
        img_size=32, patch_size=16, embed_dim=24, depth=2, num_heads=3, num_classes=0,
        pre_norm=True, act_layer="quick_gelu", norm_layer="layernorm",
    )  # fmt: skip
    for layer in ours.modules():
        if isinstance(layer, torch.nn.LayerNorm):
            layer.eps = config.layer_norm_eps
    crops = torch.randn(2, 3, 32, 32)
    compared(theirs, ours, tmp_path, crops, lambda made: made.pooler_output)


@needs_transformers
def test_dinov3_of_transformers_gives_the_same_features(timm, tmp_path):
    config = transformers.DINOv3ViTConfig(
        **SIZES, intermediate_size=96, image_size=32, patch_size=16, num_register_tokens=4
    )
    theirs = randomized(transformers.DINOv3ViTModel(config))
    for name, parameter in theirs.named_parameters():
        if name.endswith(("q_proj.bias", "v_proj.bias")):
            torch.nn.init.zeros_(parameter)
    ours = timm.create_model(
        "vit_small_patch16_dinov3", img_size=32, embed_dim=24, depth=2, num_heads=3,
        num_classes=0,
    )  # fmt: skip
    crops = torch.randn(2, 3, 32, 32)
    # timm's features are the mean of the patches, after a class token and four registers
    compared(
        theirs, ours, tmp_path, crops, lambda made: made.last_hidden_state[:, 5:].mean(1)
    )
