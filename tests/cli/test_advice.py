import pytest

from wildaffect.cli.advice import in_flags
from wildaffect.cli.main import main
from wildaffect.core.errors import UsageError
from wildaffect.data.annotated import read_annotated


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('use `split="val"` here', "use --split val here"),
        ("`first_frame=0` or `first_frame=1`", "--first-frame 0 or --first-frame 1"),
        ("use `overwrite=True`", "use --overwrite"),
        ('`class_map="FILE.json"` maps them', "--map-classes FILE.json maps them"),
        ("run `wildaffect extract` or `a = b`", "run `wildaffect extract` or `a = b`"),
    ],
)
def test_advice_names_the_flag_of_an_argument(message, shown):
    assert in_flags(message) == shown


def test_an_error_names_the_argument_in_python_and_the_flag_in_the_terminal(
    tmp_path, capsys
):
    for name in ("training", "validation"):
        file = tmp_path / f"{name}_set_annotations.txt"
        header = "image,valence,arousal,expression," + ",".join(
            f"aufake{index}" for index in range(12)
        )
        rows = ",".join(["0"] * 12)
        file.write_text(f"{header}\nclip/00001.jpg,0.1,0.1,0,{rows}\n")
    with pytest.raises(UsageError, match=r'choose one, such as `split="val"`$'):
        read_annotated(tmp_path)
    (tmp_path / "predictions.csv").write_text("video,frame,valence\n")
    words = ["evaluate", str(tmp_path / "predictions.csv"), "--annotations", str(tmp_path)]
    assert main(words) == 2
    assert "choose one, such as --split val\n" in capsys.readouterr().err
