"""Write docs/schema.md from the columns in the code.

Example:
    python scripts/make_schema_doc.py
"""

from pathlib import Path

from wildaffect.outputs.schema_page import schema_page

if __name__ == "__main__":
    page = Path(__file__).parents[1] / "docs" / "schema.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(schema_page(), encoding="utf-8")
    print(f"wrote {page}")
