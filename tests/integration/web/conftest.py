"""The web API on each database, asked in this process as programs do, each answer held to the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from werkzeug.test import Client

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.settings import Settings
from ocpp_soap.store import session_tables  # noqa: F401 it fills the metadata
from ocpp_soap.store.columns import metadata
from tests.e2e.wire import fresh_database

ROOT = "/api/v1"
NUMBERS = count(1)


@dataclass(frozen=True)
class Api:
    """A gateway whose API is asked with a token; `document` is its OpenAPI."""

    gateway: Gateway
    client: Client
    document: dict[str, Any]
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, status: Any = 200, **more: Any) -> Any:
        """A request below /api/v1; its answer must have that status, and be as the document says."""
        headers = {**self.headers, **more.pop("headers", {})}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        response = self.client.open(ROOT + path, method=method, headers=headers, **more)
        assert status == response.status_code, response.get_data(as_text=True)
        self._must_be_documented(method, path.partition("?")[0], response)
        return response

    def get(self, path: str, status: int = 200, **more: Any) -> Any:
        """What a GET answers."""
        return self.ask("GET", path, status, **more).json

    def items(self, path: str) -> list[Any]:
        """All rows of a list, page by page."""
        found, page = [], self.get(path)
        while True:
            found += page["items"]
            if page["next"] is None:
                return found
            page = self.get(f"{path}{'&' if '?' in path else '?'}cursor={page['next']}")

    def post(self, path: str, status: int = 200, body: Any = None, **more: Any) -> Any:
        """What a POST answers."""
        return self.ask("POST", path, status, **({} if body is None else {"json": body}), **more).json

    def as_(self, scope: str, *charge_points: str, **more: Any) -> Api:
        """With a new token."""
        name = f"t{next(NUMBERS)}"
        _, text = self.gateway.desk("cli:tests").tokens.create(name, scope, charge_points or None, **more)
        return replace(self, token=text)

    def new(self, prefix: str = "CP") -> str:
        """A charge point that is registered and accepted; its identity."""
        identity = f"{prefix}{next(NUMBERS)}"
        self.gateway.desk("cli:tests").register(identity)
        return identity

    def _must_be_documented(self, method: str, path: str, response: Any) -> None:
        for template, operations in self.document["paths"].items():
            pattern = "".join(
                re.escape(part) if i % 2 == 0 else "[^/]+" for i, part in enumerate(re.split(r"\{(\w+)\}", template))
            )
            # re.split keeps the names, so every second part is one.
            if re.fullmatch(pattern, ROOT + path) and method.lower() in operations:
                answer = operations[method.lower()]["responses"].get(str(response.status_code))
                assert answer is not None, f"{method} {template} does not document {response.status_code}"
                answer = self._resolved(answer)
                if response.data:
                    content = answer["content"][response.content_type]
                    if response.is_json:
                        schema = {**content["schema"], "components": self.document["components"]}
                        OAS31Validator(schema).validate(response.json)
                return
        assert response.status_code in (404, 405) or path in ("/", "/openapi.json")

    def _resolved(self, answer: Any) -> Any:
        if isinstance(answer, dict) and "$ref" in answer:
            return self.document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
        return answer


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def nobody(
    request: pytest.FixtureRequest, postgresql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """The API on each database, without a token; one for all tests, which use names of their own."""
    folder = tmp_path_factory.mktemp("web")
    url = fresh_database(request.param, postgresql_url, folder, "web")
    read = Settings.from_environment({"OCPP_SOAP_DATABASE_URL": url, "OCPP_SOAP_ENVIRONMENT": "development"})
    gateway = Gateway(read)
    metadata.create_all(gateway.store.writer, checkfirst=False)
    client = Client(gateway.application)
    document: Any = client.get(f"{ROOT}/openapi.json").json
    yield Api(gateway, client, document)
    gateway.store.close()


@pytest.fixture(scope="session")
def api(nobody: Api) -> Api:
    """The same with a token of the scope admin."""
    return nobody.as_("admin")
