"""Feature sets of clips: a row for several crops of one face in time."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.clips import ClipSampling
from wildaffect.core.preprocess import Preprocess
from wildaffect.features.clips import Clip
from wildaffect.features.records import Provenance

EmbedClips = Callable[[Sequence[Clip]], NDArray[np.float32]]
"""N clips -> (N, D), finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSet:
    """A named function from clips to features, as `FeatureSet` is one from faces."""

    name: str
    columns: tuple[str, ...]
    start: Callable[[], EmbedClips]
    """Loads the function that computes the rows, once per extracting process; a function of
    a module, or a `partial` of one."""
    weights_sha256: str
    preprocess: Preprocess
    """The crops of a clip."""
    sampling: ClipSampling

    def provenance(self, content_sha256: str) -> Provenance:
        """Return the digests that the set's features of a source depend on."""
        cut = f"{self.preprocess.digest()}\n{self.sampling.digest()}"
        return Provenance(
            content_sha256=content_sha256,
            preprocess_sha256=hashlib.sha256(cut.encode()).hexdigest(),
            weights_sha256=self.weights_sha256,
        )


StartedClips = tuple[ClipSet, EmbedClips]
"""A set of clips with its function in this process."""
