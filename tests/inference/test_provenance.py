"""The origin of every shipped weight is on record, and stays that of the file."""

import hashlib
import re
from pathlib import Path

import wildaffect
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.provenance import provenance_of, shipped_provenance

PACKAGE = Path(wildaffect.__file__).parent
REPOSITORY = Path(__file__).parents[2]
WEIGHTS = {".tflite", ".onnx", ".npz"}


def test_every_weight_in_the_package_has_a_record_with_its_hash():
    shipped = {
        path.relative_to(PACKAGE).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in PACKAGE.rglob("*")
        if path.suffix in WEIGHTS
    }
    assert {r.file: r.sha256 for r in shipped_provenance()} == shipped


def test_records_agree_with_the_notices():
    notices = REPOSITORY / "THIRD_PARTY_NOTICES.md"
    noticed = dict(
        re.findall(
            r"^\| `src/wildaffect/(\S+)` \| `(\w{64})` \|", notices.read_text(), re.M
        )
    )
    foreign = {r.file: r.sha256 for r in shipped_provenance() if r.file in noticed}
    assert len(foreign) == 7
    assert foreign.items() <= noticed.items()


def test_scripts_that_made_a_file_are_in_the_repository():
    scripts = {
        name
        for record in shipped_provenance()
        for text in (record.source, record.changes, record.trained_on)
        for name in re.findall(r"scripts/\w+\.py", text)
    }
    assert len(scripts) >= 4
    assert [name for name in scripts if not (REPOSITORY / name).is_file()] == []


def test_the_undocumented_training_data_of_the_default_model_are_named():
    records = {record.file: record for record in provenance_of(load_artifact("default"))}
    network = records["inference/artifacts/default/faceapi_expression.onnx"]
    assert network.license == "MIT"
    assert network.trained_on.startswith("not documented")
    assert not any("faceapi" in r.file for r in provenance_of(load_artifact("open")))
