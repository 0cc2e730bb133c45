"""Add weights of other projects as models, and remove them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.inference.artifact import (
    CARD_FILE,
    MANIFEST_FILE,
    Artifact,
    embedded_names,
    load_artifact,
    manifest_bytes,
)
from wildaffect.inference.foreign.build import build_artifact
from wildaffect.inference.foreign.card import terms_of, write_card
from wildaffect.inference.foreign.catalog import find_description
from wildaffect.inference.foreign.network import check_file
from wildaffect.inference.stored_models import check_new_name, remove, store


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedModel:
    """A model that `analyze` runs by its name from now on."""

    name: str
    path: Path
    artifact: Artifact


def add_model(
    file: str | Path,
    name: str,
    *,
    description: str | Path | None = None,
    accept_license: bool | Callable[[str], bool] = False,
    overwrite: bool = False,
) -> AddedModel:
    """Turn a weight file of another project into a model for `analyze`.

    The file is read, not run, and nothing is downloaded. Networks of other formats than
    ONNX are converted where docs/models.md says so.

    Args:
        file: Weight file.
        name: Name of the model, as in `analyze(..., model=name)`.
        description: TOML file that describes the network, or name of a description that
            ships; None for the TOML file beside the weights, or the one that ships for a
            file of this name.
        accept_license: True if the license and terms of the description are accepted, or a
            function that is given them as text and returns whether they are.
        overwrite: Replace a model of the same name.

    Raises:
        UsageError: If there is no description, the name is taken, or the license is not
            accepted.
        BadWeights: If the file or its description is wrong, or they do not fit.
        OutputError: If the model cannot be written.
    """
    file = Path(file)
    check_new_name(name, embedded_names(), overwrite=overwrite)
    check_file(file)
    described = find_description(file, description)
    terms = terms_of(described)
    accepted = accept_license(terms) if callable(accept_license) else accept_license
    if not accepted:
        raise UsageError(
            f"{file}: license {described.license!r} of {described.title} is not accepted; "
            "read its terms and pass `accept_license=True` if you accept them"
        )
    artifact = build_artifact(file, name, described)
    card = write_card(artifact.manifest, described, file.name)
    path = store(
        name,
        artifact.networks
        | {
            CARD_FILE: card.encode(),
            MANIFEST_FILE: manifest_bytes(artifact.manifest),
        },
        overwrite=overwrite,
    )
    return AddedModel(name=name, path=path, artifact=load_artifact(path))


def remove_model(name: str) -> Path:
    """Remove a model that `add_model` added, and return the path that it had.

    Raises:
        UsageError: If there is none of this name.
    """
    return remove(name)
