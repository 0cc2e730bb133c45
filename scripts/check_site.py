"""Check a built site: every link leads somewhere, and no page requests another host.

python scripts/check_site.py SITE
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")}
LOADED_LINKS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "manifest"}
CSS_URL = re.compile(r"url\(\s*['\"]?(?:https?:)?//[^)]*\)|@import")


class Page(HTMLParser):
    """Ids, links and loaded addresses of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what a tag names."""
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "link" and LOADED_LINKS & set(found.get("rel", "").split()):
            self.loaded.append(found["href"])
        self.loaded += [
            found[name] for kind, name in LOADING if kind == tag and name in found
        ]


def problems(site: Path) -> list[str]:
    """Return every fault of a site, one line each."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"{site}: has no page"]
    for path, page in pages.items():
        faults = (*_loading(path, site, page), *_linking(path, site, pages))
        found += [f"{path.relative_to(site)}: {fault}" for fault in faults]
    for path in site.rglob("*.css"):
        for match in CSS_URL.findall(path.read_text(encoding="utf-8")):
            found.append(f"{path.relative_to(site)}: requests {match}")
    return found


def _loading(path: Path, site: Path, page: Page) -> Iterator[str]:
    for address in page.loaded:
        if urlsplit(address).netloc:
            yield f"requests {address}"
        elif not _target(path, site, address).exists():
            yield f"loads {address}, which is not there"


def _linking(path: Path, site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    for address in pages[path].links:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or path.name == "404.html":
            continue
        target = _target(path, site, address)
        if not target.exists():
            yield f"links to {address}, which is not there"
        elif parts.fragment and unquote(parts.fragment) not in pages[target].ids:
            yield f"links to {address}, which has no such place"


def _target(path: Path, site: Path, address: str) -> Path:
    parts = urlsplit(address)
    if not parts.path:
        return path
    base = site if parts.path.startswith("/") else path.parent
    target = (base / unquote(parts.path).lstrip("/")).resolve()
    return target / "index.html" if target.is_dir() else target


if __name__ == "__main__":
    faults = problems(Path(sys.argv[1]).resolve())
    print(
        "\n".join(faults) or "every link leads somewhere, and no page requests another host"
    )
    raise SystemExit(1 if faults else 0)
