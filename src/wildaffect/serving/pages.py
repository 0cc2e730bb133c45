"""The pages and their files, all of which ship with the package."""

from importlib.resources import files

from fastapi import FastAPI
from fastapi.responses import Response

from wildaffect.reporting.style import STYLE
from wildaffect.serving.errors import ServiceError
from wildaffect.webapp.web_assets import OVERLAY
from wildaffect.webapp.web_assets import asset as web_asset

PAGES = {"/": "index.html", "/camera": "camera.html", "/docs": "docs.html"}
SCRIPTS = ("service.js", "people.js", "player.js", "video.js", "camera.js", "docs.js")
_HTML, _SCRIPT, _STYLE = (
    f"text/{kind}; charset=utf-8" for kind in ("html", "javascript", "css")
)


def add_pages(app: FastAPI) -> None:
    """Add the routes of the pages; their content is read once."""
    for path, name in PAGES.items():
        _add(app, path, _own(name), _HTML)
    style = STYLE.encode() + _own("page.css")
    contents = {f"/assets/{name}": _own(name) for name in SCRIPTS}
    contents |= {f"/assets/{name}": web_asset(name).read_bytes() for name in OVERLAY}
    _add(app, "/assets/style.css", style, _STYLE)
    for path, content in contents.items():
        _add(app, path, content, _SCRIPT)

    @app.get("/{path:path}", include_in_schema=False)
    async def missing(path: str) -> Response:
        """Refuse what is no page."""
        raise ServiceError(404, "not_found", f"no such page: /{path[:100]}")


def _own(name: str) -> bytes:
    return files("wildaffect.serving").joinpath("assets", name).read_bytes()


def _add(app: FastAPI, path: str, content: bytes, kind: str) -> None:
    async def page() -> Response:
        return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})

    app.add_api_route(path, page, methods=["GET", "HEAD"], include_in_schema=False)
