"""gunicorn's settings and hooks in code, since a wheel has no deploy/; `deploy/gunicorn.conf.py` only imports them.

Knows gunicorn, the settings and bootstrap. The application is made in each worker, after the fork.
"""

from __future__ import annotations

import errno
import logging.config
import os
import socket
import struct
from functools import partial
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from . import bootstrap, logs
from .settings import Settings
from .worker import retention
from .worker.patience import Patience

# A message is a few kilobytes; a modem that needs longer than this for one has lost its connection.
REQUEST_SECONDS = 60.0


def options(settings: Settings) -> dict[str, Any]:
    """gunicorn's settings for these settings; each that is not the default has its reason here."""
    sqlite = settings.database_url.startswith("sqlite")
    return {
        "worker_class": Worker,
        # SQLite has one writer: more processes would only wait for each other's locks. On PostgreSQL each thread may
        # hold a connection, and a server has a hundred by default.
        "workers": settings.workers or (1 if sqlite else min(max(2, os.cpu_count() or 1), 4)),
        "threads": settings.threads,
        # Longer than nginx keeps its side open (60 s by default), so that it never sends on a closed connection.
        "keepalive": 75,
        # A call from a station is short; a worker that says nothing for this long hangs.
        "timeout": 60,
        "graceful_timeout": 30,
        # The control socket of gunicorn 25 and later would lie in a home folder that a service account may not have.
        "control_socket_disable": True,
        # Nothing here reads the scheme, and X-Forwarded-For is read by our own rule (OCPP_SOAP_TRUSTED_PROXIES).
        "secure_scheme_headers": {},
        "proc_name": "ocpp-soap",
        "loglevel": settings.log_level,
        "logger_class": Log,
        # Hooks
        "when_ready": partial(limit_silence, seconds=settings.read_timeout),
        "post_worker_init": post_worker_init,
        "worker_exit": worker_exit,
    }


def limit_silence(arbiter: Any, seconds: float) -> None:
    """Bounds each read of a message: a station that loses its power in the middle of one gives its thread back."""
    limit = struct.pack("ll", int(seconds), round(seconds % 1 * 1_000_000))
    for listener in arbiter.LISTENERS:
        # Connections inherit it from the socket that accepts them; gunicorn itself sets no limit here.
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)


def post_worker_init(worker: Any) -> None:
    """Starts what a worker does without being asked."""
    if isinstance(worker.app, Server):
        gateway = worker.app.gateway
    else:  # started as `gunicorn ocpp_soap.wsgi:application`
        from .wsgi import gateway

    worker.stop_retention = retention.start(gateway.store, bootstrap.now, gateway.settings.journal_days)


def worker_exit(_: Any, worker: Any) -> None:
    """Stops it again."""
    getattr(worker, "stop_retention", lambda: None)()


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's gthread with a limit on the time that a request may take to arrive."""

    def init_process(self) -> None:
        """Called in the worker, after the fork; returns when it ends."""
        self.patience = Patience(REQUEST_SECONDS)
        self.patience.start()
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Reads one request and answers it, in a thread of the pool."""
        with self.patience.waiting_for(conn.sock):
            return super().handle(conn)


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log with our lines, since it quotes what peers send.

    Its setting logconfig_dict would do the same, and write each request to the access log.
    """

    def setup(self, cfg: Any) -> None:
        """Called at the start and at each reload."""
        super().setup(cfg)
        logging.config.dictConfig(logs.configuration(cfg.loglevel))


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
