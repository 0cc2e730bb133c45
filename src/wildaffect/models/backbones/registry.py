"""Registry of backbones, with their feature size and preprocessing.

A name is `architecture.tag`, as in timm; `timm/NAME` is any model of timm itself.
"""

import re
from functools import partial

import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.registry import Registry
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.backbones.catalog import SHIPPED
from wildaffect.models.backbones.maker_keys import UNUSED, from_makers
from wildaffect.models.backbones.spec import BackboneSpec

TIMM_PREFIX = "timm/"

BACKBONES: Registry[BackboneSpec] = Registry(
    "backbone",
    "wildaffect.backbones",
    hint=f"Models of timm are called {TIMM_PREFIX}NAME, such as "
    f"{TIMM_PREFIX}vit_small_patch14_dinov2.lvd142m.",
)


def register_backbone(spec: BackboneSpec) -> None:
    """Add a backbone.

    Raises:
        ValueError: If the name is taken or is not `architecture.tag`.
    """
    if not re.fullmatch(r"[\w-]+\.[\w-]+", spec.name):
        raise ValueError(f"backbone: name must be architecture.tag, got {spec.name!r}")
    BACKBONES.register(spec.name, spec)


def backbone_names() -> tuple[str, ...]:
    """Return every registered name, without `timm/...`."""
    return tuple(BACKBONES)


def backbone_spec(name: str) -> BackboneSpec:
    """Return the specification of a backbone.

    Raises:
        UsageError: If there is no such backbone.
    """
    if name.startswith(TIMM_PREFIX):
        return _timm_spec(name)
    spec = BACKBONES.find(name)
    if spec.name != name:
        raise UsageError(
            f"backbone {name!r}: its specification has the name {spec.name!r}; declare it "
            "under that name"
        )
    return spec


def build_backbone(name: str) -> Backbone:
    """Build an untrained backbone: (B, C, S, S) crops to (B, feature_dim) features.

    Raises:
        UsageError: If there is no such backbone.
    """
    return backbone_spec(name).build()


def empty_backbone(name: str) -> Backbone:
    """Build a backbone whose parameters have shapes but no memory (the meta device)."""
    with torch.device("meta"):
        return backbone_spec(name).build()


def _timm_spec(name: str) -> BackboneSpec:
    # timm takes seconds to import, so it is imported only for its own models.
    from wildaffect.models.backbones import timm_adapter  # noqa: PLC0415

    model = name.removeprefix(TIMM_PREFIX)
    preprocess = timm_adapter.timm_preprocess(model)
    head = timm_adapter.timm_head(model)
    return BackboneSpec(
        name=name,
        preprocess=preprocess,
        feature_dim=timm_adapter.timm_feature_dim(model),
        build=partial(timm_adapter.TimmBackbone, model),
        head=head,
        droppable=(*((f"{head}.",) if head else ()), *UNUSED),
        key_prefix="net.",
        convert=from_makers,
    )


for _shipped in SHIPPED:
    register_backbone(_shipped)
