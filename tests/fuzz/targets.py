"""Every target, by its name."""

from annotation_targets import ANNOTATION_TARGETS
from artifact_targets import ARTIFACT_TARGETS
from media_targets import MEDIA_TARGETS
from store_targets import STORE_TARGETS
from training_targets import TRAINING_TARGETS

TARGETS = {
    target.name: target
    for target in (
        *MEDIA_TARGETS,
        *STORE_TARGETS,
        *ANNOTATION_TARGETS,
        *ARTIFACT_TARGETS,
        *TRAINING_TARGETS,
    )
}
