"""The page for people: what the service offers, and an example to paste; no scripts, no network."""

import html
import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from serving.schemas import EXAMPLE_REQUEST

router = APIRouter(include_in_schema=False)

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
td { padding: .3rem 1rem .3rem 0; vertical-align: top } pre { overflow: auto }
"""


@router.get("/")
def lead_to_docs() -> RedirectResponse:
    """Whoever types the address alone is led to the page for people."""
    return RedirectResponse("docs")  # relative: it holds behind a path of a proxy too


@router.get("/docs")
def show_docs(request: Request) -> HTMLResponse:
    """Routes with what they do, and the example question as a command."""
    document = request.app.openapi()
    rows = "".join(_rows(path, route) for path, route in document["paths"].items())
    title, about = (html.escape(document["info"][name]) for name in ("title", "description"))
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style><h1>{title}</h1><p>{about}</p><table>{rows}</table>"
        f'<p>Every field: <a href="/openapi.json">/openapi.json</a></p>'
        f"<h2>Ask about a made-up patient</h2><pre>{_example(request)}</pre></html>"
    )
    return HTMLResponse(page, headers=HEADERS)


def _rows(path: str, route: dict[str, dict[str, Any]]) -> str:
    return "".join(
        f"<tr><td><code>{method.upper()} {html.escape(path)}</code></td>"
        f"<td>{html.escape(' '.join(described.get('description', '').split()))}</td></tr>"
        for method, described in route.items()
    )


def _example(request: Request) -> str:
    address = str(request.base_url).rstrip("/")
    body = json.dumps(EXAMPLE_REQUEST, indent=1)
    command = f"curl {address}/v1/predictions -H 'Content-Type: application/json' -d '{body}'"
    return html.escape(command)
