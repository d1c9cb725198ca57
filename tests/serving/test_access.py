"""Who may ask for what, where tokens are wanted."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from serving.__main__ import main
from serving.schemas import EXAMPLE_REQUEST

SCOPE_OF = {"ward": "predict", "board": "read", "auditor": "audit", "chief": "admin"}
SECRET_OF = {name: f"{name}-".ljust(32, "0") for name in SCOPE_OF}
TOKENS = " ".join(f"{name}:{scope}:{SECRET_OF[name]}" for name, scope in SCOPE_OF.items())


@pytest.fixture
def client(serve_here: Callable) -> Iterator[httpx.Client]:
    with serve_here(CRS_RISK_AUTH="token", CRS_RISK_TOKENS=TOKENS) as running:
        yield running.client


def as_caller(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SECRET_OF[name]}"}


ROUTES = (
    ("POST", "/v1/predictions", "predict"),
    ("GET", "/v1/predictions/none", "read"),
    ("GET", "/v1/model", "read"),
    ("GET", "/v1/audit/verify", "audit"),
    ("POST", "/v1/predictions/none/replay", "audit"),
)


def test_every_route_opens_to_its_scope_and_to_the_administrator_alone(client: httpx.Client):
    for method, path, scope in ROUTES:
        for name, own in SCOPE_OF.items():
            answer = client.request(method, path, json=EXAMPLE_REQUEST, headers=as_caller(name))
            assert (answer.status_code != 403) == (own in (scope, "admin")), (path, name)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", "Basic d2FyZDp4", "Bearer é"]
)
def test_without_a_valid_token_nothing_is_given(client: httpx.Client, header: str | None):
    headers = {} if header is None else {"Authorization": header.encode()}
    for method, path, _ in ROUTES:
        refused = client.request(method, path, json=EXAMPLE_REQUEST, headers=headers)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert refused.headers["Content-Type"] == "application/problem+json"


def test_health_and_the_openapi_page_need_no_token(client: httpx.Client):
    for path in ("/", "/docs", "/healthz", "/readyz", "/openapi.json"):
        assert client.get(path, follow_redirects=True).status_code == 200


def test_the_audit_entry_names_the_caller_by_token(serve_here: Callable, capsys):
    with serve_here(CRS_RISK_AUTH="token", CRS_RISK_TOKENS=TOKENS) as running:
        running.client.post("/v1/predictions", json=EXAMPLE_REQUEST, headers=as_caller("ward"))
    assert main(["audit", "list", "--database", f"sqlite:///{running.database}"]) == 0
    listed = capsys.readouterr().out
    assert "by ward" in listed
    assert SECRET_OF["ward"] not in listed
