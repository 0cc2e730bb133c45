"""Load a model for analysis once, and use it many times."""

from pathlib import Path

from wildaffect.inference.artifact import DEFAULT, Artifact, load_artifact


def load_model(model: str | Path = DEFAULT) -> Artifact:
    """Load an embedded model by name, or an exported one from its folder or zip.

    `analyze` and `stream` take the result as `model=`, and read no file again.

    Raises:
        BadArtifact: If there is none, or it is incomplete, altered or of another version.
    """
    return load_artifact(model)
