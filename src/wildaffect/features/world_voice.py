"""The voice of a generated world in its feature store."""

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256

from wildaffect.features.records import NO_DIGEST, FeatureTable, Provenance
from wildaffect.features.store import FeatureStore
from wildaffect.synth.plan import PlannedVideo
from wildaffect.synth.voice import NUM_COLUMNS, Voice, draw_voice

FEATURE_SET = "voice"


def write_voice(
    store: FeatureStore,
    videos: Sequence[PlannedVideo],
    voice: Voice,
    *,
    feature_set: str = FEATURE_SET,
) -> None:
    """Store the voice of every video, under the name `feature_set`.

    Raises:
        OutputError: If the store cannot be written to.
    """
    store.make_folder()
    digest = sha256(repr(sorted(asdict(voice).items())).encode()).hexdigest()
    for video in videos:
        track = draw_voice(video, voice)
        table = FeatureTable(
            feature_set=feature_set,
            video=video.name,
            track="0",
            columns=tuple(f"c{column}" for column in range(NUM_COLUMNS)),
            frame_number=track.frame_number,
            time_s=track.time_s,
            provenance=Provenance(
                content_sha256=NO_DIGEST,
                preprocess_sha256=NO_DIGEST,
                weights_sha256=digest,
            ),
            numbering="named",
            values=track.values,
        )
        store.write(table, "float32")
