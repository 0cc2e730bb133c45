"""The code of docs/python.md runs from top to bottom, and every verb has a section."""

import re
from pathlib import Path

import cv2
import pytest
from tests.support.networks import page_network

import wildaffect
from wildaffect.demo.clip import FPS, PORTRAIT, SIZE, view
from wildaffect.video.write import VideoWriter

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_public_function_is_on_the_page():
    functions = [name for name in wildaffect.__all__ if name.islower() and name[0] != "_"]
    assert [name for name in functions if f"`{name}`" not in TEXT] == []


@pytest.mark.slow
def test_the_code_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    Path("enet_b0_8_va_mtl.onnx").write_bytes(page_network({"output": 10}))
    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    with VideoWriter(Path("clip.mp4"), width=SIZE[0], height=SIZE[1], fps_hint=FPS) as clip:
        for index in range(10):
            clip.write(view(portrait, index / FPS), index / FPS)
    blocks = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    exec("\n".join(blocks), {})
    shown = capsys.readouterr().out
    assert "AnalysisResult(clip.mp4: 10 rows" in shown
    assert "ExtractResult(features: 1 videos extracted" in shown
    assert "PretrainResult(runs/mae: mae-micro, loss " in shown
    assert "FinetuneResult(runs/vit: finetune-vit-micro, score " in shown
    assert "| modern-frame-noise | calibrated |" in shown
    assert "CalibrateResult(runs/0: score " in shown
    assert "TrainResult(runs/0: modern-frame, score " in shown
    assert "Report(abaw-mtl: overall " in shown
