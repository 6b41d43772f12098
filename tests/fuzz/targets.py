"""Who is attacked: a gateway's application in this process, a gateway behind gunicorn, the reader of stations' answers.

Each plays a case and gives the outcome in a word; whatever must not happen is a `Violation`.
"""

from __future__ import annotations

import http.client
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from ocpp_soap.bootstrap import Gateway
from ocpp_soap.central.profile import Profile
from ocpp_soap.errors import CallFailed
from ocpp_soap.settings import Settings
from ocpp_soap.soap import answers
from ocpp_soap.soap.transport import Exchange
from ocpp_soap.store.schema import upgrade
from tests.e2e import gateway as servers
from tests.e2e.wire import children, connected
from tests.integration.messages import envelope

from .cases import ANSWERS, APPLICATION, GATEWAY, Case
from .grammar import STRICT, versions
from .oracle import INSIDE, MAX_BODY, Violation, judge

MEBIBYTE = 1024 * 1024

# Of the processor for one message (seconds): a thousand times what one needs.
SLOW = 5.0
# How much a process may grow in a campaign; most of it is what allocators, caches and hypothesis keep.
GROWTH = 160 * MEBIBYTE

SANE = envelope("Heartbeat", "CP-SANE", {})
# gunicorn's own answers to what is no HTTP, and pages for people.
PAGES = {200, 400, 404, 405, 413, 414, 415, 417, 431, 501, 505}


def memory(pid: int | str) -> int:
    """The most that a process has held since `forget`, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def forget(pid: int | str) -> int:
    """Lets `memory` begin anew, with what the process holds now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return memory(pid)


class Target(Protocol):
    """One who takes cases."""

    def play(self, case: Case) -> str:
        """The outcome of the case, in a word; raises `Violation`."""

    def finish(self) -> int:
        """Makes sure that it is well; returns by how many bytes it has grown. Raises `Violation`."""


class Errors(logging.Handler):
    """Collects what is logged as an error: an exception that nobody expected."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []
        self.ours = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps it as text, unless it is of a thread that is none of ours."""
        if record.thread == self.ours:
            self.found.append(self.format(record))

    def check(self) -> None:
        """Raises `Violation` for what was logged since the last time."""
        found, self.found = self.found, []
        if found:
            raise Violation("logged:\n" + "\n".join(found))


class Application:
    """A gateway's WSGI application in this process, without a server."""

    def __init__(self, folder: Path, errors: Errors) -> None:
        url = f"sqlite:///{folder / 'application.db'}"
        upgrade(url)
        chosen = {"unknown_charge_points": "accept", "unknown_tags": "accept", "max_body": MAX_BODY}
        self.gateway = Gateway(Settings(database_url=url, **chosen))  # type: ignore[arg-type]
        with self.gateway.store.writing() as work:
            station = work.charge_points.register(STRICT, "Accepted", datetime.now(UTC))
            work.charge_points.change(station.id, profile=Profile(strictness="strict", headers="classic").stored())
        self.errors = errors
        self.play(Case(APPLICATION, SANE))

    def play(self, case: Case) -> str:
        """Calls it as gunicorn would."""
        started: list[tuple[str, list[tuple[str, str]]]] = []
        begun = time.thread_time()
        try:
            answer: Any = self.gateway.application(case.environ(), lambda *said: started.append(said))
            body = b"".join(answer)
        except Exception as error:
            raise Violation(f"the application raised {error!r}") from error
        if time.thread_time() - begun > SLOW:
            raise Violation(f"it took {time.thread_time() - begun:.1f} s of the processor")
        self.errors.check()
        if len(started) != 1 or any(re.search("[\r\n\0]", value) for _, value in started[0][1]):
            raise Violation(f"the answer begins with {started}")
        status, headers = int(started[0][0][:3]), {name.lower(): value for name, value in started[0][1]}
        # Stations post; everything else that is not at the endpoint is the web's.
        if case.method in ("GET", "HEAD") or (case.method != "POST" and not case.path.startswith("/ocpp")):
            return f"page {status}"
        return judge(status, headers, body, case.body)

    def finish(self) -> int:
        """It answers as ever."""
        if self.play(Case(APPLICATION, SANE)) != "reply":
            raise Violation("a Heartbeat is not confirmed any more")
        self.gateway.store.close()
        return 0


class Socket:
    """A gateway behind gunicorn, spoken to byte by byte."""

    def __init__(self, gateway: servers.Gateway) -> None:
        self.gateway = gateway
        self._log = (gateway.folder / "gateway.log").open(encoding="utf-8", errors="replace")
        [self.worker] = children(gateway)
        self.play(Case(GATEWAY, Case(APPLICATION, SANE).wire()))
        self.before = forget(self.worker)

    def play(self, case: Case) -> str:
        """Sends the bytes, says that no more will come, and reads one answer."""
        with connected(self.gateway.url) as peer:
            with suppress(BrokenPipeError, ConnectionResetError):
                peer.sendall(case.body)
                peer.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(peer)
            try:
                response.begin()
                body = response.read()
            except (http.client.HTTPException, ConnectionError):
                return "closed"
        self._check_log()
        headers = {name.lower(): value for name, value in response.getheaders()}
        if headers.get("content-type", "").startswith(("application/soap", "text/xml")):
            if b"<wsdl:definitions" in body[:2000] or b"<definitions" in body[:2000]:
                return "page 200"
            return judge(response.status, headers, body, case.body)
        if response.status not in PAGES or INSIDE.search(body.decode("latin-1")):
            raise Violation(f"the answer is {response.status} {body!r}")
        return f"page {response.status}"

    def finish(self) -> int:
        """Its worker is the one of the beginning, answers, and has logged nothing that it did not expect."""
        if self.play(Case(GATEWAY, Case(APPLICATION, SANE).wire())) != "reply":
            raise Violation("a Heartbeat is not confirmed any more")
        if children(self.gateway) != [self.worker]:
            raise Violation("the worker has died")
        self._check_log()
        self._log.close()
        return memory(self.worker) - self.before

    def _check_log(self) -> None:
        """Raises `Violation` for an error among the new lines of the log."""
        new = self._log.read()
        if re.search(r" \[\d+\] (error|critical) |Traceback", new):
            raise Violation("logged:\n" + new)


class Answers:
    """What reads the answer of a station to a command."""

    def play(self, case: Case) -> str:
        """Reads it; `path` is like `1.6/Reset`."""
        version, _, name = case.path.partition("/")
        service = versions().versions[version].charge_point
        exchange = Exchange(b"", 200, "OK", case.headers.get("Content-Type"), None, case.body, None)
        try:
            answers.read(exchange, service, service.operations[name], "CP-2041")
        except CallFailed as failed:
            return type(failed).__name__
        except Exception as error:
            raise Violation(f"reading the answer raised {error!r}") from error
        return "reply"

    def finish(self) -> int:
        """It has no state."""
        return 0


@contextmanager
def targets(folder: Path) -> Iterator[dict[str, Target]]:
    """All of them, by name, with their stores in this folder."""
    errors = Errors()
    logging.getLogger().addHandler(errors)
    few = {"WORKERS": "1", "THREADS": "4", "MAX_BODY": str(MAX_BODY), "UNKNOWN_TAGS": "accept", "READ_TIMEOUT": "5"}
    try:
        with servers.running(folder, f"sqlite:///{folder / 'gateway.db'}", **few) as started:
            yield {
                APPLICATION: Application(folder, errors),
                GATEWAY: Socket(started),
                ANSWERS: Answers(),
            }
    finally:
        logging.getLogger().removeHandler(errors)
