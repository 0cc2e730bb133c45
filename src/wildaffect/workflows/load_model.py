"""Load a model for analysis once, and use it many times."""

from pathlib import Path

from wildaffect.inference.artifact import DEFAULT, Artifact, load_artifact


def load_model(model: str | Path = DEFAULT) -> Artifact:
    """Load an embedded model by name, or an exported model from its folder or zip.

    `analyze` and `stream` accept the result as `model=`, and do not read the files again.

    Raises:
        BadArtifact: If the model does not exist, or is incomplete, altered or of another
            version.
    """
    return load_artifact(model)
