import pytest

from wildaffect.core.errors import UsageError
from wildaffect.workflows.system_folder import CLAIM, claim_folder

SETTINGS = {"data": "/data", "seed": 3, "data_license": "CC0", "recipe": {"size": [8, 9]}}


def test_the_same_system_resumes_in_its_folder(tmp_path):
    claim_folder(tmp_path / "new", SETTINGS)
    claim_folder(tmp_path / "new", SETTINGS)


def test_another_system_is_refused_by_what_differs_and_changes_nothing(tmp_path):
    claim_folder(tmp_path, SETTINGS)
    kept = (tmp_path / CLAIM).read_bytes()
    other = SETTINGS | {"seed": 4, "data_license": "MIT"}
    with pytest.raises(UsageError, match="with another seed, data license; choose"):
        claim_folder(tmp_path, other)
    assert (tmp_path / CLAIM).read_bytes() == kept


def test_a_damaged_record_is_refused(tmp_path):
    (tmp_path / CLAIM).write_text("{")
    with pytest.raises(UsageError, match=r"system\.json, which is damaged; choose another"):
        claim_folder(tmp_path, SETTINGS)
