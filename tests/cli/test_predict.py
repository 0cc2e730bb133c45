from pathlib import Path

from wildaffect.cli.commands.predict import Command, _next_step


def test_the_command_that_scores_tables_states_what_a_manifest_leaves_open(tmp_path):
    lines = "image,video,frame,split,valence\n1.jpg,a,1,test,0.5\n"
    (tmp_path / "manifest.csv").write_text(lines)
    command = Command(source=Path("run"), output=Path("tables"), split="test")
    assert _next_step(command, tmp_path) == (
        f"score them: wildaffect evaluate tables --annotations {tmp_path} --split test "
        "--first-frame 0"
    )
    rows = "image,valence,arousal,expression,aus\na/00001.jpg" + ",0" * 15 + "\n"
    (tmp_path / "manifest.csv").unlink()
    (tmp_path / "training_set_annotations.txt").write_text(rows)
    assert "--first-frame" not in _next_step(command, tmp_path)
