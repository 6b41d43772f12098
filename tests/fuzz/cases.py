"""One case of a campaign: what is sent to whom, and how it is kept in a file so that it can be sent again."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SOAP_TYPE = "application/soap+xml; charset=utf-8"

# The parts of a gateway that take bytes from a station.
APPLICATION, GATEWAY, ANSWERS = "application", "gateway", "answers"


@dataclass(frozen=True)
class Case:
    """Bytes for one `target`: the WSGI application, a gateway's socket, or the reader of stations' answers.

    A socket gets `body` alone, HTTP and all; the reader of answers finds version and operation in `path`.
    """

    target: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": SOAP_TYPE})
    path: str = "/ocpp"
    method: str = "POST"
    chunked: bool = False

    def environ(self) -> dict[str, Any]:
        """The WSGI environment, as gunicorn makes it."""
        path, _, query = self.path.partition("?")
        found: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8180",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "10.0.0.9",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            found[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        if self.chunked:
            found["HTTP_TRANSFER_ENCODING"] = "chunked"
        else:
            found.setdefault("CONTENT_LENGTH", str(len(self.body)))
        return found

    def save(self, file: Path) -> None:
        """Writes it as JSON, each byte of the body as the character of that number."""
        file.write_text(json.dumps(asdict(self) | {"body": self.body.decode("latin-1")}, indent=2))

    @classmethod
    def load(cls, file: Path) -> Case:
        """Reads what `save` wrote."""
        found = json.loads(file.read_text())
        return cls(**found | {"body": found["body"].encode("latin-1")})

    def wire(self) -> bytes:
        """The request as bytes."""
        length = {} if self.chunked else {"Content-Length": str(len(self.body))}
        chunks = {"Transfer-Encoding": "chunked"} if self.chunked else {}
        lines = [f"{name}: {value}" for name, value in ({"Host": "c"} | length | chunks | dict(self.headers)).items()]
        head = "\r\n".join([f"{self.method} {self.path} HTTP/1.1", *lines, "Connection: close", "", ""])
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(self.body), self.body) if self.chunked and self.body else self.body
        return head.encode("latin-1", "replace") + (b"0\r\n\r\n" if self.chunked and not self.body else body)
