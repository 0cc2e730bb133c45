from wildaffect.core.dependencies import Dependency, python_versions
from wildaffect.workflows.doctor import check_python, check_versions


def test_libraries_outside_the_tested_versions_are_named_with_what_to_do():
    check = check_versions(
        [
            Dependency(name="av", tested=">=18,<20", found="21.0.1"),
            Dependency(name="numpy", tested=">=2.0,<3", found="2.4.6"),
            Dependency(name="rich", tested=">=14.3,<16", found=None),
        ]
    )
    assert not check.is_well
    assert check.found == (
        "av 21.0.1 (tested: >=18,<20), rich not installed (tested: >=14.3,<16)"
    )
    assert check.fix == "pip install 'av>=18,<20'; pip install 'rich>=14.3,<16'"


def test_tested_libraries_are_counted():
    check = check_versions([Dependency(name="av", tested=">=18,<20", found="18.1.0")])
    assert check.is_well
    assert (check.found, check.fix) == ("1 libraries, as tested", "")


def test_a_python_that_was_not_tested_is_named_with_what_to_do():
    newest = python_versions()[-1]
    assert check_python(f"{newest}.4").is_well
    check = check_python("3.99.0")
    assert not check.is_well
    assert check.found.startswith("3.99.0 on ")
    assert check.found.endswith(f"tested: {', '.join(python_versions())}")
    assert check.fix == f"make an environment with Python {newest}"
