"""`ocpp-soap worker`: a process that sends commands to stations, beside `serve` or on another host."""

from __future__ import annotations

import logging.config
import signal
import time

import click

from .. import logs
from ..bootstrap import Gateway, now
from ..settings import Settings
from ..store.schema import upgrade
from ..worker import retention
from ..worker.courier import Courier
from .grammar import Command, wants_json
from .output import put_json

ENDS = {signal.SIGTERM, signal.SIGINT}

# Beyond what a call to a station may take by the settings (seconds).
SPARE = 10.0


@click.command(cls=Command, examples=["ocpp-soap worker", "ocpp-soap worker --threads 64"])
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    help="Calls at once; those that last for half a second don't count.  [default: OCPP_SOAP_COMMAND_THREADS]",
)
def worker(threads: int | None) -> None:
    """Sends commands to stations until it is told to stop (Ctrl-C, SIGTERM).

    On PostgreSQL somebody has to: run one of these beside `serve`, or several, on any hosts. On SQLite `serve` does it
    by itself, and another one may help. It also ends commands that nobody could send before their deadline, and removes
    what is too old.

    It brings the database's schema up to date first. Told to stop, it begins no further call and ends when those in
    flight have; told again, it ends at once, and what was in flight becomes uncertain.
    """
    # Waited for below, and by no thread.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    settings = Settings.from_environment()
    logging.config.dictConfig(logs.configuration(settings.log_level))
    gateway = Gateway(settings)
    upgrade(gateway.store)
    at_once = threads or settings.command_threads
    courier = gateway.courier(at_once)
    courier.start()
    stop_retention = retention.start(gateway.store, now, settings.journal_days)
    store = gateway.store.url.render_as_string(hide_password=True)
    if wants_json():
        put_json({"database": store, "threads": at_once}, indent=None)
    else:
        click.echo(f"commands in {store} are sent, {at_once} at once; Ctrl-C ends it")
    signal.sigwait(ENDS)
    stop_retention()
    left = _end(courier, settings.connect_timeout + settings.read_timeout + SPARE)
    if left:
        click.echo(f"{left} calls were still in flight: their commands become uncertain", err=True)
    else:
        gateway.store.close()


def _end(courier: Courier, seconds: float) -> int:
    """Waits for the calls in flight, until they are done, so long is over, or a signal comes again."""
    end = time.monotonic() + seconds
    left = courier.stop(0)
    while left and time.monotonic() < end and signal.sigtimedwait(ENDS, 0.1) is None:
        left = courier.stop(0)
    return left
