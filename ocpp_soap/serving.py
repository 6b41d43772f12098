"""gunicorn's settings and hooks in code, since a wheel has no deploy/; `deploy/gunicorn.conf.py` only imports them.

Knows gunicorn, the settings and bootstrap. The application is made in each worker, after the fork.
"""

from __future__ import annotations

import errno
import logging.config
import os
import socket
import struct
import sys
from functools import partial
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import message
from gunicorn.workers.gthread import ThreadWorker

from . import bootstrap, logs
from .settings import Settings
from .soap import envelope
from .worker import retention
from .worker.patience import Patience

# A message is a few kilobytes; a modem that needs longer than this for one has lost its connection.
REQUEST_SECONDS = 60.0

# lxml keeps every name that it has met for as long as the thread lives that met it: after so many bytes of messages
# the threads are replaced. Names of stations are always the same; those of an attack need not be.
FORGET_AFTER = 64 * 1024 * 1024

# Seconds to end answers in, and within those for calls to stations.
GRACE, LAST_CALLS = 30, 27.0


def options(settings: Settings) -> dict[str, Any]:
    """gunicorn's settings for these settings; each that is not the default has its reason here."""
    return {
        "worker_class": Worker,
        "workers": processes(settings),
        "threads": settings.threads,
        # Longer than nginx keeps its side open (60 s by default), so that it never sends on a closed connection.
        "keepalive": 75,
        # A call from a station is short; a worker that says nothing for this long hangs.
        "timeout": 60,
        "graceful_timeout": GRACE,
        # The control socket of gunicorn 25 and later would lie in a home folder that a service account may not have.
        "control_socket_disable": True,
        # Nothing here reads the scheme, and X-Forwarded-For is read by our own rule (OCPP_SOAP_TRUSTED_PROXIES).
        "secure_scheme_headers": {},
        # A client certificate comes in a header, in escaped PEM.
        "limit_request_field_size": 32 * 1024,
        # gunicorn would let a proxy on this machine hand on a client's SCRIPT_NAME and PATH_INFO.
        "forwarder_headers": "",
        "proc_name": "ocpp-soap",
        "loglevel": settings.log_level,
        "logger_class": Log,
        # Hooks
        "when_ready": partial(limit_silence, seconds=settings.read_timeout),
        "post_worker_init": post_worker_init,
        "worker_exit": worker_exit,
    }


def limit_silence(arbiter: Any, seconds: float) -> None:
    """Bounds each read and write: a station that loses its power in the middle of a message gives its thread back."""
    limit = struct.pack("ll", int(seconds), round(seconds % 1 * 1_000_000))
    for listener in arbiter.LISTENERS:
        # Connections inherit it from the socket that accepts them; gunicorn itself sets no limit here.
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def post_worker_init(worker: Any) -> None:
    """Starts what a worker does without being asked."""
    if isinstance(worker.app, Server):
        gateway = worker.app.gateway
    else:  # started as `gunicorn ocpp_soap.wsgi:application`
        from .wsgi import gateway

    worker.stop_retention = retention.start(gateway.store, bootstrap.now, gateway.settings.journal_days)
    if sends_commands(gateway.settings):
        worker.courier = gateway.courier()
        worker.courier.start()


def worker_exit(_: Any, worker: Any) -> None:
    """Stops it again, and waits for calls to stations that are in flight."""
    getattr(worker, "stop_retention", lambda: None)()
    courier = getattr(worker, "courier", None)
    if courier is not None and (left := courier.stop(LAST_CALLS)):
        worker.log.warning("%d calls were still in flight: their commands become uncertain", left)


def processes(settings: Settings) -> int:
    """How many workers there are.

    SQLite has one writer: more would only wait for each other's locks. On PostgreSQL each has connections of its own,
    and a server has a hundred by default: two workers and `ocpp-soap worker` fit.
    """
    sqlite = settings.database_url.startswith("sqlite")
    return settings.workers or (1 if sqlite else min(max(2, os.cpu_count() or 1), 4))


def sends_commands(settings: Settings) -> bool:
    """Whether each worker sends commands too; on PostgreSQL, which serves many hosts, `ocpp-soap worker` does."""
    return settings.database_url.startswith("sqlite")


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's gthread with limits on what one peer may take of it: time, threads, memory."""

    tpool: Any

    def init_process(self) -> None:
        """Called in the worker, after the fork; returns when it ends."""
        # Some clients send two Content-Types (soap-binding C.6, 54), which gunicorn would refuse; it is SOAP anyway.
        message.RFC9110_5_3_SINGLETON_FIELDS = frozenset({"HOST"})
        self.patience = Patience(REQUEST_SECONDS)
        self.patience.start()
        self.parsed = 0
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Called at SIGTERM: no further command is begun while the last answers leave."""
        if (courier := getattr(self, "courier", None)) is not None:
            courier.close()
        super().handle_exit(sig, frame)

    def enqueue_req(self, conn: Any) -> None:
        """Gives a connection to a thread of the pool; in time to a fresh pool, while the old one ends its work."""
        if envelope.parsed() - self.parsed > FORGET_AFTER:
            self.parsed = envelope.parsed()
            self.tpool.shutdown(wait=False)
            self.tpool = self.get_thread_pool()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Reads one request and answers it, in a thread of the pool; false when the connection is to be closed."""
        with self.patience.waiting_for(conn.sock):
            kept = super().handle(conn)
            if not kept:
                # gunicorn does it in its main loop, and up to two seconds long, where everybody waits for it.
                conn.close(graceful=_unread(conn.sock))
                conn.close = _closed
        return kept


def _closed(graceful: bool = False) -> None:
    """What closing a connection again does."""


def _unread(sock: Any) -> bool:
    """Whether a peer is still sending: closed at once, its connection would be reset, and our answer with it."""
    try:
        return bool(sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return False


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log with our lines, since it quotes what peers send.

    Its setting logconfig_dict would do the same, and write each request to the access log.
    """

    def setup(self, cfg: Any) -> None:
        """Called at the start and at each reload."""
        super().setup(cfg)
        logging.config.dictConfig(logs.configuration(cfg.loglevel))

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """An error with its traceback; a peer that sends or takes nothing is not one of ours."""
        if isinstance(sys.exc_info()[1], BlockingIOError):
            self.info("a peer was silent for too long")
        else:
            super().exception(msg, *args, **kwargs)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with the gateway in it; `run` serves until it is told to stop."""

    def __init__(self, settings: Settings, bind: str) -> None:
        self.settings = settings
        self.bind = bind
        super().__init__()

    def load_config(self) -> None:
        """Hands our settings to gunicorn."""
        for name, value in {**options(self.settings), "bind": self.bind}.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application of one worker; gunicorn asks for it after the fork."""
        self.gateway = bootstrap.Gateway(self.settings)
        return self.gateway.application


def free_port(host: str, port: int, last: int) -> int:
    """The first port from `port` to `last` that can be bound; 0 gives any. Raises OSError when there is none."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for candidate in range(port, last + 1):
            try:
                probe.bind((host, candidate))
            except OSError as error:
                if error.errno != errno.EADDRINUSE or candidate == last:
                    raise
            else:
                return int(probe.getsockname()[1])
    raise OSError(f"there is no port from {port} to {last}")
