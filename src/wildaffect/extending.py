"""What parts of your own are made from and registered with; see docs/extending.md.

Needs the extra `train`.
"""

from importlib.util import find_spec

from wildaffect.core.errors import MissingExtra

if find_spec("torch") is None:
    raise MissingExtra("wildaffect.extending", "train")

from wildaffect.formats.detect import FORMATS
from wildaffect.formats.problems import Format, Reading
from wildaffect.losses.config import CustomLoss
from wildaffect.losses.custom import LOSSES
from wildaffect.models.backbones.registry import register_backbone
from wildaffect.models.backbones.spec import BackboneSpec
from wildaffect.models.fusion.build import FUSIONS
from wildaffect.models.fusion.config import CustomFusion
from wildaffect.models.fusion.fusion import Fusion
from wildaffect.models.temporal.config import CustomEncoder
from wildaffect.models.temporal.custom import TEMPORAL_ENCODERS
from wildaffect.models.temporal.encoder import TemporalEncoder
from wildaffect.recipes.catalog import RECIPES

__all__ = [
    "FORMATS",
    "FUSIONS",
    "LOSSES",
    "RECIPES",
    "TEMPORAL_ENCODERS",
    "BackboneSpec",
    "CustomEncoder",
    "CustomFusion",
    "CustomLoss",
    "Format",
    "Fusion",
    "Reading",
    "TemporalEncoder",
    "register_backbone",
]
