"""What one peer may take of a gateway: memory, processor, threads and time, measured at its workers."""

from __future__ import annotations

import gzip
import http.client as http_client
import select
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ocpp_soap.serving import FORGET_AFTER

from .attacks import LARGE, MEBIBYTE, heartbeat, heavy, honest
from .bad_messages import HEARTBEAT, http
from .gateway import Gateway, running
from .stations import eventually
from .wire import SECONDS, connected, first_line, post, talk, workers

BODY = 100 * MEBIBYTE
THREADS, SENDERS = 4, 12

# Of one message, in bytes for each byte of OCPP_SOAP_MAX_BODY: read, inflated, decoded, and its elements.
REFUSED, PARSED = 5, 50
# Whatever else a process takes hold of meanwhile.
ROOM = 32 * MEBIBYTE

# The gateway with its patience shortened, so that a test need not wait for a minute.
HURRIED = """
from ocpp_soap import serving
from ocpp_soap.cli.main import main
from ocpp_soap.worker import patience
serving.REQUEST_SECONDS, patience.ROUND = 2, 0.05
main()
"""


class Worker:
    """The only worker of a gateway, as the kernel sees it."""

    def __init__(self, gateway: Gateway) -> None:
        [pid] = workers(gateway, 1)
        self._process = Path(f"/proc/{pid}")

    def memory(self, name: str) -> int:
        """VmRSS, or VmHWM: the most that it ever was since `forget` (bytes)."""
        lines = (self._process / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

    def forget(self) -> int:
        """Lets VmHWM begin anew, with what is in use now."""
        (self._process / "clear_refs").write_text("5")
        return self.memory("VmHWM")

    @property
    def processor(self) -> int:
        """Its time on the processor, in ticks."""
        fields = (self._process / "stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with few threads that keeps no Heartbeat."""
    folder = tmp_path_factory.mktemp("limits")
    few = {"WORKERS": "1", "THREADS": str(THREADS), "JOURNAL_HEARTBEATS": "false"}
    with running(folder, f"sqlite:///{folder / 'test.db'}", **few) as started:
        assert 200 == post(started.url, honest()).status
        yield started
        assert "Traceback" not in started.log()
        assert 1 == started.log().count("Booting worker")


def pushed(gateway: Gateway, head: bytes, block: bytes, most: int) -> tuple[bytes, int]:
    """Sends up to `most` bytes until it is refused; the status line of the answer, and how much was sent."""
    sent = 0
    with connected(gateway.url) as peer:
        peer.sendall(head)
        answered: list[socket.socket] = []
        while sent < most and not answered:
            answered, ready, _ = select.select([peer], [peer], [], SECONDS)
            with suppress(BrokenPipeError, ConnectionResetError):
                sent += peer.send(block) if ready else 0
        return first_line(peer), sent


def with_length(gateway: Gateway) -> tuple[bytes, int]:
    """A body of 100 MB that says so."""
    return pushed(gateway, http(b"", Content_Length=str(BODY)), b"<a>" * 20_000, BODY)


def in_chunks(gateway: Gateway) -> tuple[bytes, int]:
    """A body of 100 MB that says nothing."""
    head = http(b"", Transfer_Encoding="chunked", Content_Length="")
    return pushed(gateway, head, b"10000\r\n" + b"x" * 0x10000 + b"\r\n", BODY)


def in_one_chunk(gateway: Gateway) -> tuple[bytes, int]:
    """A chunk of 100 MB."""
    head = http(b"", Transfer_Encoding="chunked", Content_Length="") + b"6400000\r\n"
    return pushed(gateway, head, b"x" * 0x10000, BODY)


def bomb(coding: str, packed: bytes) -> Callable[[Gateway], tuple[bytes, int]]:
    """A message that was packed like this."""

    def send(gateway: Gateway) -> tuple[bytes, int]:
        return str(talk(gateway.url, http(packed, Content_Encoding=coding)).status).encode(), len(packed)

    return send


# 100 MB of blanks, packed once and twice: 100 KB, 300 bytes.
ONCE = gzip.compress(b" " * BODY)
FLOODS: dict[str, Callable[[Gateway], tuple[bytes, int]]] = {
    "with length": with_length,
    "in chunks": in_chunks,
    "in one chunk": in_one_chunk,
    "gzip": bomb("gzip", ONCE),
    "deflate": bomb("deflate", zlib.compress(b" " * BODY)),
    "gzip in gzip": bomb("gzip, gzip", gzip.compress(ONCE)),
    "gzip in gzip, told once": bomb("gzip", gzip.compress(ONCE)),
    "deflate in gzip in gzip": bomb("deflate, gzip, gzip", gzip.compress(gzip.compress(zlib.compress(b" " * BODY)))),
}


@pytest.mark.parametrize("name", FLOODS)
def test_many_huge_bodies_at_once_take_little_memory(
    gateway: Gateway, name: str, record_property: Callable[[str, object], None]
) -> None:
    """Each is refused long before its end, and no worker ever holds more than a few bodies of the allowed size."""
    worker = Worker(gateway)
    before = worker.forget()
    with ThreadPoolExecutor(SENDERS) as pool:
        floods = list(pool.map(FLOODS[name], [gateway] * SENDERS))
    grown, bound = worker.memory("VmHWM") - before, THREADS * REFUSED * MEBIBYTE + ROOM
    record_property("peak growth in MiB", grown / MEBIBYTE)
    assert grown < bound, f"{grown / MEBIBYTE:.0f} MiB"
    expected = b"400" if "told once" in name else b"413"
    assert {expected} == {status[-3:] if len(status) == 3 else status.split()[1] for status, _ in floods}
    assert max(sent for _, sent in floods) < BODY / 2
    assert 200 == post(gateway.url, HEARTBEAT).status


@pytest.fixture(scope="module")
def usual(gateway: Gateway) -> int:
    """The ticks that an honest message of a mebibyte takes."""
    worker = Worker(gateway)
    begun = worker.processor
    assert 200 == post(gateway.url, honest()).status
    return worker.processor - begun


@pytest.mark.parametrize("name", heavy())
def test_no_message_costs_much_more_than_an_honest_one_of_its_size(gateway: Gateway, usual: int, name: str) -> None:
    """A mebibyte that is built to hurt takes about as much time of the processor and memory as one of meter values."""
    worker = Worker(gateway)
    body, status = heavy()[name]
    ticks: list[int] = []
    # What else runs in the worker meanwhile counts too, so the least of some is the message's own.
    while len(ticks) < 3 and not (ticks and min(ticks) <= 3 * usual):
        before, begun = worker.forget(), worker.processor
        assert status == post(gateway.url, body).status
        grown = worker.memory("VmHWM") - before
        assert grown < PARSED * MEBIBYTE, f"{grown / MEBIBYTE:.0f} MiB"
        ticks.append(worker.processor - begun)
    assert min(ticks) <= 3 * usual


def test_many_heavy_messages_at_once_take_bounded_memory(
    gateway: Gateway, record_property: Callable[[str, object], None]
) -> None:
    """As many as there are threads are in memory at a time."""
    worker, bodies = Worker(gateway), [body for body, status in heavy().values() if status == 200]
    before = worker.forget()
    with ThreadPoolExecutor(SENDERS) as pool:
        assert {200} == {answer.status for answer in pool.map(post, [gateway.url] * len(bodies), bodies)}
    grown = worker.memory("VmHWM") - before
    record_property("peak growth in MiB", grown / MEBIBYTE)
    assert grown < THREADS * PARSED * MEBIBYTE, f"{grown / MEBIBYTE:.0f} MiB"


def test_names_that_nobody_has_heard_of_are_forgotten(gateway: Gateway) -> None:
    """Messages full of new names, each with its own, do not make a worker grow for ever."""
    worker, names = Worker(gateway), count()
    before = worker.memory("VmRSS")
    for _ in range(140):
        unheard = "".join(f"<a{next(names)}{'b' * 400}/>" for _ in range(LARGE // 420))
        assert 200 == post(gateway.url, heartbeat(unheard)).status
    grown = worker.memory("VmRSS") - before
    assert grown < FORGET_AFTER + ROOM, f"{grown / MEBIBYTE:.0f} MiB"


def _answered(gateway: Gateway) -> bool:
    try:
        return post(gateway.url, HEARTBEAT).status == 200
    except (OSError, http_client.HTTPException):
        return False


@contextmanager
def hurried(tmp_path: Path, **settings: str) -> Iterator[Gateway]:
    """A gateway of two threads that has two seconds for each message."""
    program = [sys.executable, "-c", HURRIED]
    few = {"WORKERS": "1", "THREADS": "2", **settings}
    with running(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", program=program, **few) as gateway:
        # The first message makes what the others find made; the patience is not for that.
        eventually(lambda: _answered(gateway))
        yield gateway
        assert "Traceback" not in gateway.log()


@pytest.mark.parametrize("begin", [http(HEARTBEAT)[:-200], b"POST /ocpp HTTP/1.1\r\nX-Long: ", b"POST /oc"])
def test_senders_that_trickle_keep_nobody_else_waiting(tmp_path: Path, begin: bytes) -> None:
    """A byte now and then, in the body or before it, holds a thread no longer than the whole message may take."""
    stop = threading.Event()
    with hurried(tmp_path) as gateway, ExitStack() as stack:
        slow = [stack.enter_context(connected(gateway.url)) for _ in range(2)]
        for peer in slow:
            peer.sendall(begin)

        def trickle() -> None:
            while slow and not stop.wait(0.05):
                for peer in list(slow):
                    try:
                        peer.send(b"x")
                    except OSError:
                        slow.remove(peer)

        sender = threading.Thread(target=trickle)
        sender.start()
        try:
            assert 200 == post(gateway.url, HEARTBEAT).status
        finally:
            stop.set()
            sender.join()


@pytest.mark.parametrize("taken", [0, 1000])
def test_readers_that_take_no_answer_keep_nobody_else_waiting(tmp_path: Path, taken: int) -> None:
    """An answer that is not read, or only little by little, holds a thread for a bounded time too."""
    message = heartbeat(header=f"<w:MessageID>{'x' * 9_000_000}</w:MessageID>")
    stop = threading.Event()
    with hurried(tmp_path, READ_TIMEOUT="2", MAX_BODY=str(16 * MEBIBYTE)) as gateway, ExitStack() as stack:
        slow = []
        for _ in range(2):
            peer = stack.enter_context(socket.socket())
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            parts = urlsplit(gateway.url)
            peer.connect((parts.hostname, parts.port))
            slow.append(peer)

        def read(peer: socket.socket) -> None:
            try:
                peer.sendall(http(message))
                while taken and not stop.wait(0.05) and peer.recv(taken):
                    pass
            except OSError:
                pass

        readers = [threading.Thread(target=read, args=(peer,)) for peer in slow]
        for reader in readers:
            reader.start()
        try:
            assert 200 == post(gateway.url, HEARTBEAT).status
        finally:
            stop.set()
            for reader in readers:
                reader.join()


def test_peers_that_do_not_close_keep_nobody_else_waiting(gateway: Gateway) -> None:
    """A station that loses its connection right after the answer costs the others nothing, though gunicorn waits."""
    with ExitStack() as stack:
        lingering = [stack.enter_context(connected(gateway.url)) for _ in range(20)]
        for peer in lingering:
            peer.sendall(http(HEARTBEAT))
            assert first_line(peer).startswith(b"HTTP/1.1 200 ")
        begun = time.monotonic()
        assert 200 == post(gateway.url, HEARTBEAT).status
        # gunicorn itself waits two seconds for each of them.
        assert time.monotonic() - begun < len(lingering)
