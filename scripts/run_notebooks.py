"""Run the notebooks in examples/notebooks, and store what they print.

    wildaffect demo && python scripts/run_notebooks.py

Run it in the folder with `demo-results`. Tests run the same cells and compare. Jupyter is
not needed: cells are plain Python that prints.
"""

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).parents[1] / "examples/notebooks"


def printed(notebook: dict[str, Any]) -> list[str]:
    """Run the cells of a notebook in order; return what each code cell prints."""
    namespace: dict[str, Any] = {}
    shown = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            with redirect_stdout(StringIO()) as out:
                exec("".join(cell["source"]), namespace)
            shown.append(out.getvalue())
    return shown


def stored(notebook: dict[str, Any]) -> list[str]:
    """Return the stored output of each code cell."""
    return [
        "".join(text for output in cell["outputs"] for text in output["text"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def store(notebook: dict[str, Any], outputs: list[str]) -> None:
    """Put outputs into the code cells."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, (cell, text) in enumerate(zip(cells, outputs, strict=True), 1):
        cell["execution_count"] = number
        lines = text.splitlines(keepends=True)
        cell["outputs"] = (
            [{"name": "stdout", "output_type": "stream", "text": lines}] if text else []
        )


if __name__ == "__main__":
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        document = json.loads(path.read_text(encoding="utf-8"))
        store(document, printed(document))
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        print(f"ran {path.name}")
