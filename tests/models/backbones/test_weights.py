"""A user's weights: every key is checked, origin is kept, and they come back by name."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from wildaffect.cli.main import main
from wildaffect.core.errors import BadWeights, UsageError
from wildaffect.core.preprocess import Preprocess
from wildaffect.models.backbones.registry import backbone_spec, build_backbone
from wildaffect.models.backbones.vit import ClassTokenViT, ViTConfig
from wildaffect.models.backbones.weights import (
    ImportRequest,
    import_weights,
    list_weights,
    load_head,
    load_weights,
    user_folder,
)
from wildaffect.models.pretraining.catalog import build_mae

VIT = "vit_micro_patch8_64.mae"
IRESNET = "iresnet_micro_64.arcface"
GRAY = "densenet_bc_64.gray"
TIMM = "timm/test_resnet.r160_in1k"


def state(name: str, seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return dict(build_backbone(name).state_dict())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "theirs.pth"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.mark.parametrize("name", [VIT, IRESNET, GRAY])
@pytest.mark.parametrize("prefix", ["", "module.", "module.backbone.", "_orig_mod."])
def test_imported_weights_come_back_by_name(name, prefix, file, store):
    theirs = state(name)
    torch.save({"model": {prefix + key: value for key, value in theirs.items()}}, file)
    manifest = import_weights(ImportRequest(file=file, network=name), store)
    loaded = load_weights(name, store)
    assert manifest == loaded.manifest
    assert not loaded.backbone.training
    assert all(torch.equal(v, theirs[k]) for k, v in loaded.backbone.state_dict().items())


def test_the_record_holds_origin_license_hashes_and_crop(file, store):
    torch.save(state(VIT), file)
    request = ImportRequest(
        file=file, network=VIT, tag="mine", source="a page", license="research only"
    )
    import_weights(request, store)
    record = json.loads((store / "vit_micro_patch8_64.mine/weights.json").read_text())
    assert record["network"] == VIT
    assert record["feature_dim"] == 128
    assert record["preprocess"]["size_px"] == 64
    assert (record["source"], record["license"]) == ("a page", "research only")
    assert record["source_file"] == "theirs.pth"
    assert re.fullmatch("[0-9a-f]{64}", record["source_sha256"])
    assert re.fullmatch("[0-9a-f]{64}", record["sha256"])


def test_a_checkpoint_of_the_autoencoder_gives_its_encoder_and_lists_its_decoder(
    file, store
):
    mae = build_mae(VIT)
    torch.save({"model": mae.state_dict()}, file)
    manifest = import_weights(ImportRequest(file=file, network=VIT), store)
    assert "mask_token" in manifest.dropped
    assert all(key.startswith(("decoder_", "mask_token")) for key in manifest.dropped)
    kept = load_weights(VIT, store).backbone
    assert torch.equal(kept.norm.weight, mae.norm.weight)


def test_released_densenets_with_old_names_are_read(file, store):
    name = "densenet121.imagenet"
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key): value
        for key, value in state(name).items()
        if not key.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old | {"classifier.weight": torch.zeros(1000, 1024)}, file)
    manifest = import_weights(ImportRequest(file=file, network=name), store)
    assert manifest.dropped == ("classifier.weight",)
    load_weights(name, store)


def test_weights_of_a_timm_model_are_read_by_its_own_names(timm, file, store):
    theirs = timm.create_model(TIMM.removeprefix("timm/"), pretrained=False).eval()
    save_file(theirs.state_dict(), file.with_suffix(".safetensors"))
    request = ImportRequest(file=file.with_suffix(".safetensors"), network=TIMM, tag="mine")
    manifest = import_weights(request, store)
    assert manifest.name == "timm/test_resnet.mine"
    assert set(manifest.dropped) == {"fc.weight", "fc.bias"}
    crops = torch.randn(2, 3, 160, 160)
    theirs.reset_classifier(0)
    with torch.no_grad():
        torch.testing.assert_close(
            load_weights(manifest.name, store).backbone(crops), theirs(crops)
        )


def test_another_architecture_is_refused_and_the_fitting_one_named(file, store):
    torch.save(state(IRESNET), file)
    with pytest.raises(
        BadWeights, match=r"must fit vit_micro.*, got keys \d+ missing \("
    ) as e:
        import_weights(ImportRequest(file=file, network=VIT), store)
    assert "unexpected (conv1.weight, bn1.weight" in str(e.value)
    assert str(e.value).endswith("they fit iresnet_micro_64.arcface")
    assert not store.exists()


def test_another_size_of_the_same_architecture_lists_the_shapes(file, store):
    other = ClassTokenViT(ViTConfig(size_px=64, patch_px=8, dim=64, depth=6, num_heads=4))
    torch.save(other.state_dict(), file)
    with pytest.raises(
        BadWeights, match=r"of another shape \(.*\(1, 1, 64\) for \(1, 1, 128"
    ):
        import_weights(ImportRequest(file=file, network=VIT), store)


def test_half_the_keys_are_not_enough(file, store):
    whole = state(VIT)
    torch.save({k: whole[k] for k in list(whole)[: len(whole) // 2]}, file)
    with pytest.raises(BadWeights, match="no other registered network fits them either"):
        import_weights(ImportRequest(file=file, network=VIT), store)


@pytest.mark.parametrize(
    ("name", "key", "channels", "message"),
    [
        (IRESNET, "conv1.weight", 1, "the file reads gray crops, .* color"),
        (GRAY, "features.conv0.weight", 3, "the file reads color crops, .* gray"),
    ],
)
def test_gray_and_color_are_distinguished(name, key, channels, message, file, store):
    theirs = state(name)
    first = theirs[key]
    theirs[key] = torch.zeros(first.shape[0], channels, *first.shape[2:])
    torch.save(theirs, file)
    with pytest.raises(BadWeights, match=message):
        import_weights(ImportRequest(file=file, network=name), store)


def test_the_same_tensor_under_two_prefixes_is_refused(file, store):
    theirs = state(VIT)
    torch.save(theirs | {"module.cls_token": theirs["cls_token"]}, file)
    with pytest.raises(BadWeights, match="got cls_token twice, the second as mod"):
        import_weights(ImportRequest(file=file, network=VIT), store)


def test_positions_of_another_size_need_an_explicit_word(file, store):
    other = ClassTokenViT(ViTConfig(size_px=96, patch_px=8, dim=128, depth=6, num_heads=4))
    torch.save(other.state_dict(), file)
    request = ImportRequest(file=file, network=VIT)
    with pytest.raises(
        BadWeights, match=r"must be for 64 patches, got 144; .*--resize-posi"
    ):
        import_weights(request, store)
    manifest = import_weights(replace(request, resize_positions=True), store)
    assert manifest.resized_from == 144
    kept = load_weights(VIT, store).backbone
    assert torch.equal(kept.pos_embed[0, 0], other.pos_embed[0, 0])
    assert (kept.pos_embed - build_backbone(VIT).pos_embed).abs().mean() > 0.01
    assert torch.equal(kept.blocks[0].norm1.bias, other.blocks[0].norm1.bias)


def test_a_classifier_is_kept_with_its_labels_on_request(file, store):
    head = torch.nn.Linear(342, 3)
    named = {f"classifier.{key}": value for key, value in head.state_dict().items()}
    torch.save(state(GRAY) | named, file)
    request = ImportRequest(file=file, network=GRAY, classes=("calm", "glad", "sad"))
    manifest = import_weights(request, store)
    assert manifest.classes == ("calm", "glad", "sad")
    assert manifest.dropped == ()
    assert torch.equal(load_head(GRAY, store).weight, head.weight)
    load_weights(GRAY, store)


def test_another_number_of_classes_is_refused(file, store):
    named = {"classifier.weight": torch.zeros(7, 342), "classifier.bias": torch.zeros(7)}
    torch.save(state(GRAY) | named, file)
    request = ImportRequest(file=file, network=GRAY, classes=("calm", "glad"))
    with pytest.raises(BadWeights, match=r"must have 2 classes \(calm, glad\), got 7"):
        import_weights(request, store)


def test_classes_without_a_classifier_are_refused(file, store):
    torch.save(state(IRESNET), file)
    request = ImportRequest(file=file, network=IRESNET, classes=("calm", "glad"))
    with pytest.raises(BadWeights, match="--classes given, but the file has no classifier"):
        import_weights(request, store)
    import_weights(replace(request, classes=()), store)
    with pytest.raises(BadWeights, match=r"stored without a classifier; .*--classes"):
        load_head(IRESNET, store)


def test_a_name_that_is_taken_is_kept_by_default(file, store):
    torch.save(state(VIT, seed=1), file)
    request = ImportRequest(file=file, network=VIT)
    import_weights(request, store)
    torch.save(state(VIT, seed=2), file)
    with pytest.raises(UsageError, match=r"of this name already.*--tag, or --overwrite"):
        import_weights(request, store)
    import_weights(request, store, overwrite=True)
    assert torch.equal(
        load_weights(VIT, store).backbone.cls_token, state(VIT, seed=2)["cls_token"]
    )


def test_the_crop_may_differ_in_colors_and_not_in_size(file, store):
    torch.save(state(IRESNET), file)
    own = replace(backbone_spec(IRESNET).preprocess, channels="bgr", std=(0.25,) * 3)
    request = ImportRequest(file=file, network=IRESNET, preprocess=own)
    import_weights(request, store)
    assert load_weights(IRESNET, store).manifest.preprocess == own
    large = Preprocess(size_px=112, mean=(0.5,) * 3, std=(0.5,) * 3)
    with pytest.raises(
        UsageError, match="crops must have 64 px and 3 channels, got 112 px"
    ):
        import_weights(replace(request, preprocess=large, tag="large"), store)


def test_weights_altered_after_import_are_refused(file, store):
    torch.save(state(VIT), file)
    import_weights(ImportRequest(file=file, network=VIT), store)
    path = store / VIT / "weights.safetensors"
    tensors = load_file(path)
    tensors["cls_token"] += 1
    save_file(tensors, path)
    with pytest.raises(BadWeights, match=r"sha256 must be .*; import the weights again"):
        load_weights(VIT, store)
    path.unlink()
    with pytest.raises(BadWeights, match="got no file"):
        load_weights(VIT, store)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 9}, "format_version must be 1, got 9"),
        ({"surplus": 1}, "surplus: "),
        ({"feature_dim": "many"}, "feature_dim: "),
    ],
)
def test_a_record_that_is_not_ours_is_refused(change, message, file, store):
    torch.save(state(VIT), file)
    import_weights(ImportRequest(file=file, network=VIT), store)
    path = store / VIT / "weights.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadWeights, match=message):
        load_weights(store / VIT)


def test_unknown_weights_suggest_the_nearest_or_the_import(file, store):
    with pytest.raises(BadWeights, match="run: wildaffect weights import"):
        load_weights("vit", store)
    with pytest.raises(BadWeights, match=rf"without weights; .* import FILE --as {VIT}$"):
        load_weights(VIT, store)
    torch.save(state(VIT), file)
    import_weights(ImportRequest(file=file, network=VIT), store)
    with pytest.raises(BadWeights, match=rf"did you mean {VIT}"):
        load_weights("vit_micro_patch8.mae", store)


def test_the_users_folder_follows_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert user_folder() == tmp_path / "wildaffect" / "weights"
    monkeypatch.setattr("sys.platform", "darwin")
    assert user_folder().parts[-4:] == (
        *("Library", "Application Support"),
        *("wildaffect", "weights"),
    )


def test_the_command_imports_and_lists(file, store, capsys):
    head = {"head.weight": torch.zeros(8, 128), "head.bias": torch.zeros(8)}
    torch.save({"model": state(VIT) | head}, file)
    args = ["weights", "import", str(file), "--as", VIT, "-o", str(store)]
    assert main([*args, "--license", "mine alone", "--mean", "0.5", "0.5", "0.5"]) == 0
    printed = capsys.readouterr().out
    assert f"{VIT}: every key fits {VIT}, 128 features of 64 px rgb crops" in printed
    assert "skipped, not needed: 2 (head.weight, head.bias)" in printed
    (manifest,) = list_weights(store)
    assert manifest.preprocess.mean == (0.5, 0.5, 0.5)
    assert main(["weights", "list", str(store)]) == 0
    shown = capsys.readouterr().out
    assert "128" in shown
    assert main(["weights", "list", str(store), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["license"] == "mine alone"


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--as", "vit_micro.mae"], 2, "did you mean vit_micro_patch8_64.mae"),
        (
            ["--as", GRAY, "--mean", "0.5", "0.5", "0.5"],
            2,
            "mean must have 1 values for gray",
        ),
        (["--as", IRESNET], 1, "they fit vit_micro_patch8_64.mae"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    options, status, message, file, store, capsys
):
    torch.save(state(VIT), file)
    args = ["weights", "import", str(file), *options, "-o", str(store)]
    assert main(args) == status
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed


def test_an_empty_folder_says_how_to_import(store, capsys):
    assert main(["weights", "list", str(store)]) == 0
    assert "no weights; see: wildaffect weights import --help" in capsys.readouterr().out
