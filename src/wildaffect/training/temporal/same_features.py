"""Check that features of two stores were computed alike, by their recorded digests."""

from collections.abc import Iterable
from typing import NamedTuple

from wildaffect.core.errors import FeatureError
from wildaffect.core.hashes import names_sha256
from wildaffect.features.store import FeatureStore
from wildaffect.training.temporal.runs import TrainedModel


class Origin(NamedTuple):
    """Digests of what computed a feature set."""

    weights_sha256: str
    crop_sha256: str
    columns_sha256: str


def origin_of(store: FeatureStore, feature_set: str) -> Origin | None:
    """Return the origin of a feature set by its first entry, None if it is not there."""
    if feature_set not in store.feature_sets():
        return None
    sidecar = store.sidecar(next(iter(store.entries(feature_set))))
    found = sidecar.provenance
    columns = names_sha256(sidecar.columns)
    return Origin(found.weights_sha256, found.preprocess_sha256, columns)


def check_trained_features(store: FeatureStore, models: Iterable[TrainedModel]) -> None:
    """Check that a store has the features that models were trained on, or none of a set.

    Raises:
        FeatureError: If a set was computed by other weights or from other crops, or has
            other columns.
    """
    for trained in models:
        for name, weights in trained.data.feature_digests.items():
            found = origin_of(store, name)
            if found is None:
                continue
            crop = trained.data.crop_digests.get(name, found.crop_sha256)
            columns = trained.data.column_digests.get(name, found.columns_sha256)
            wanted = Origin(weights, crop, columns)
            if found != wanted:
                raise FeatureError(
                    f"{store.root}: {name} must be computed as for {trained.run.folder}, "
                    f"got other {_differing(found, wanted)}; extract or import it again "
                    "with those"
                )


def check_same_features(
    store: FeatureStore, other: FeatureStore, feature_sets: Iterable[str]
) -> None:
    """Check that two stores have features of the same origin, or one lacks a set.

    Raises:
        FeatureError: If a set was computed by other weights or from other crops, or has
            other columns.
    """
    for name in feature_sets:
        origins = {origin_of(store, name), origin_of(other, name)} - {None}
        if len(origins) > 1:
            raise FeatureError(
                f"{other.root}: {name} must be computed as in {store.root}, got other "
                f"{_differing(*origins)}; extract or import both again"
            )


def _differing(one: Origin | None, other: Origin | None) -> str:
    """Return what differs, in words."""
    words = ("weights", "crops", "columns")
    pairs = zip(words, one or (), other or (), strict=False)
    return " and ".join(word for word, a, b in pairs if a != b)
