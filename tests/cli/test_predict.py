from pathlib import Path

from wildaffect.cli.commands.predict import Command, _next_step


def test_the_command_that_scores_tables_names_their_split_and_layout(tmp_path):
    command = Command(source=Path("run"), output=Path("tables"), split="test")
    start = f"score them: wildaffect evaluate tables --annotations {tmp_path} --split test"
    lines = "image,video,frame,split,valence\n1.jpg,a,1,test,0.5\n"
    (tmp_path / "manifest.csv").write_text(lines)
    assert _next_step(command, tmp_path) == start
    (tmp_path / "training_set_annotations.txt").write_text("image,valence\n")
    assert _next_step(command, tmp_path) == f"{start} --layout affwild2-mtl"
