"""`ocpp-soap check`: looks at everything that keeps a station from working here, and says it in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Literal

import click

from ..bootstrap import Gateway
from ..central.authentication import Access
from ..errors import OcppSoapError, SettingsError
from ..logs import printable
from ..protocol.times import format_time
from ..serving import processes, sends_commands
from ..settings import Settings
from ..store.server import look_at_server
from .grammar import Command, listen_to_logs, look_at_store, wants_json
from .output import put_json

# More than any WSDL of ours has.
MOST_READ = 1024 * 1024

# No command that is due waits for so long where somebody sends.
WAITED = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: Literal["ok", "warning", "wrong"]
    words: str


@click.command(cls=Command, examples=["ocpp-soap check", "ocpp-soap check --offline --json"])
@click.option("--offline", is_flag=True, help="Don't try to reach PUBLIC_URL.")
def check(offline: bool) -> None:
    """Looks at settings, store, WSDLs, the public address and the stations' addresses.

    Exit status 1 when something is wrong; a warning alone leaves it at 0.
    """
    findings = list(find(offline))
    if wants_json():
        put_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(printable(f"{finding.state:<8} {finding.subject}: {finding.words}"))
    if any(finding.state == "wrong" for finding in findings):
        raise click.exceptions.Exit(1)


def find(offline: bool) -> Iterator[Finding]:
    """Everything that is to be said."""
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        yield from (Finding("settings", "wrong", line) for line in str(error).splitlines())
        return
    listen_to_logs(settings.log_level)
    gateway = Gateway(settings)
    click.get_current_context().call_on_close(gateway.store.close)
    yield from _settings(settings)
    yield from _wsdls(gateway)
    yield from _public_url(settings, offline)
    try:
        yield from _server(gateway)
        look_at_store(gateway)
        yield Finding("store", "ok", f"{gateway.store.url.render_as_string(hide_password=True)} is up to date")
        yield from _stations(gateway)
        yield from _queue(gateway)
    except OcppSoapError as error:
        yield Finding("store", "wrong", str(error))


def _settings(settings: Settings) -> Iterator[Finding]:
    yield Finding("settings", "ok", f"all can be read; environment: {settings.environment}")
    if settings.environment == "development":
        words = "OCPP_SOAP_ENVIRONMENT is development: stations on this machine are called; leave it out in production"
        yield Finding("settings", "warning", words)
    if settings.unknown_charge_points == "accept":
        words = "OCPP_SOAP_UNKNOWN_CHARGE_POINTS is accept: whoever reaches the gateway is a charge point"
        yield Finding("settings", "warning", words)
    if settings.unknown_tags == "accept":
        yield Finding("settings", "warning", "OCPP_SOAP_UNKNOWN_TAGS is accept: every card charges")
    if settings.station_proof == "certificate" and not settings.trusted_proxies:
        words = "OCPP_SOAP_STATION_PROOF is certificate, and OCPP_SOAP_TRUSTED_PROXIES is empty: nobody can show one"
        yield Finding("settings", "wrong", words)
    if settings.database_url.startswith("sqlite") and settings.workers > 1:
        words = "OCPP_SOAP_WORKERS is above 1 on SQLite, where only one can write at a time"
        yield Finding("settings", "warning", words)


def _wsdls(gateway: Gateway) -> Iterator[Finding]:
    try:
        versions = gateway.catalog.versions.values()
    except OcppSoapError as error:
        yield Finding("WSDLs", "wrong", str(error))
        return
    for version in versions:
        counts = f"{len(version.central_system.operations)} operations in, {len(version.charge_point.operations)} out"
        yield Finding("WSDLs", "ok", f"OCPP {version.name}: {counts}")


def _public_url(settings: Settings, offline: bool) -> Iterator[Finding]:
    url = settings.public_url
    if url == Settings().public_url:
        words = f"OCPP_SOAP_PUBLIC_URL is the default, {url}: no station on another machine can use it"
        yield Finding("public address", "warning", words)
    if offline:
        return
    # Only this look needs them, and they are slow to import for every other command.
    import requests
    import urllib3

    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{url}?wsdl", timeout=settings.connect_timeout, allow_redirects=False, stream=True)
            start = answer.raw.read(MOST_READ, decode_content=True)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        words = f"{url} can't be reached from here ({type(error).__name__}): is the gateway running, and the proxy?"
        yield Finding("public address", "wrong", words)
        return
    if answer.status_code == 200 and b"CentralSystemService" in start:
        yield Finding("public address", "ok", f"{url} is answered by a Central System")
    else:
        words = f"{url} is answered by something else, with HTTP status {answer.status_code}: check the proxy's path"
        yield Finding("public address", "wrong", words)


def _server(gateway: Gateway) -> Iterator[Finding]:
    if (server := look_at_server(gateway.store)) is None:
        return
    if server.lacks:
        yield Finding("rights", "wrong", server.lacks)
    most = (processes(gateway.settings) + 1) * gateway.store.most_connections
    words = (
        f"`serve` and one `worker` take {most} at most, and PostgreSQL has room for {server.usable} (max_connections "
        f"without the reserved ones); {server.used} are in use now, {server.ours} of them by ocpp_soap"
    )
    if most + server.used - server.ours >= server.usable:
        words += "; set OCPP_SOAP_WORKERS or OCPP_SOAP_THREADS lower, or max_connections higher"
        yield Finding("connections", "warning", words)
    else:
        yield Finding("connections", "ok", words)


def _queue(gateway: Gateway) -> Iterator[Finding]:
    with gateway.store.reading() as work:
        due, _ = work.queue.agenda()
    if due is not None and due < gateway.shared_clock() - WAITED:
        who = "serve" if sends_commands(gateway.settings) else "worker"
        words = f"something has been due since {format_time(due)}, and nobody sends it: is `ocpp-soap {who}` running?"
        yield Finding("commands", "warning", words)


def _stations(gateway: Gateway) -> Iterator[Finding]:
    with gateway.store.reading() as work:
        points, strangers, failures = work.charge_points.list(), work.charge_points.unknown(), work.attempts.list()
    accepted = [point for point in points if point.status == "Accepted"]
    yield Finding("stations", "ok", f"{len(points)} registered, {len(accepted)} of them accepted")
    if failures:
        latest = f"the latest as {failures[0].identity} from {failures[0].peer}"
        words = f"{len(failures)} senders could not prove who they are, {latest}; see `ocpp-soap charge-points show`"
        yield Finding("stations", "warning", words)
    if strangers:
        words = f"{len(strangers)} spoke without being registered; see `ocpp-soap charge-points list`"
        yield Finding("stations", "warning", words)
    for point in accepted:
        if lacking := Access.read(point.access).lacking(gateway.settings.station_proof):
            words = f"it has to show a {lacking}, and none is set; see `ocpp-soap charge-points access`"
            yield Finding(f"station {point.identity}", "wrong", words)
        if point.callback_url is None:
            words = "no address of it is known, so it can't be called; see `ocpp-soap charge-points set-callback`"
            yield Finding(f"station {point.identity}", "warning", words)
        elif point.callback_refused:
            words = f"it says that it is called at {point.callback_refused['url']} now, which was not taken over"
            yield Finding(f"station {point.identity}", "warning", words)
        elif reason := gateway.guard.refusal(point.callback_url):
            yield Finding(f"station {point.identity}", "warning", f"it will not be called: {reason}")
