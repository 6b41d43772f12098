"""Builds the gateway from its settings: the one module that knows every room.

What forks (gunicorn) builds after the fork; nothing here is shared between processes but the store's contents.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from .central.audit import Audited
from .central.authentication import Rules
from .central.call import Policy
from .central.callback import CallbackGuard
from .central.commands import Commands
from .central.desk import Desk
from .central.handlers.vendor import PlugIn, PlugIns
from .central.inbox import Inbox
from .central.phrasing import Phrasing
from .central.probing import Prober
from .central.sending import Sender
from .central.tokens import Tokens
from .protocol import catalog
from .settings import Settings
from .store.bell import Bell, clock_of
from .store.schema import check_schema
from .store.work import SqlStore, open_store
from .worker.courier import Courier

if TYPE_CHECKING:
    from .central.ports import Clock, Store
    from .protocol.catalog import Catalog
    from .soap.client import ZeepLink
    from .soap.server import SoapEndpoint

log = logging.getLogger(__name__)

# Answers of stations are small; the longest known is a GetConfiguration of some hundred keys.
MAX_ANSWER = 4 * 1024 * 1024

# For how long a courier tries to store what a station has answered, while the database is away.
OUTCOME_SECONDS = 60.0

PLUG_INS = "ocpp_soap.data_transfer"


def now() -> datetime:
    """The time, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Gateway:
    """Everything that was put together; each part is made when it is first asked for."""

    settings: Settings
    clock: Clock = now

    @cached_property
    def catalog(self) -> Catalog:
        """The versions and their services, read from the WSDLs."""
        return catalog.load(self.settings.wsdl_dir)

    @cached_property
    def store(self) -> SqlStore:
        """The SQL store; it connects at its first use."""
        return open_store(self.settings.database_url, pool_size=self.settings.threads + 2)

    @cached_property
    def inbox(self) -> Inbox:
        """What answers stations."""
        policy = Policy(
            unknown_charge_points=self.settings.unknown_charge_points,
            unknown_tags=self.settings.unknown_tags,
            heartbeat_interval=self.settings.heartbeat_interval,
            journal_heartbeats=self.settings.journal_heartbeats,
            access=Rules(self.settings.station_networks, self.settings.station_proof),
            failures=self.settings.failed_proofs,
            guard=self.guard,
        )
        return Inbox(self.store, policy, PlugIns(_plug_ins()))

    @cached_property
    def guard(self) -> CallbackGuard:
        """Which addresses of stations may be called."""
        settings = self.settings
        return CallbackGuard(settings.callback_allow, settings.callback_deny, settings.environment == "development")

    @cached_property
    def link(self) -> ZeepLink:
        """The way to stations."""
        from .soap.client import ZeepLink  # zeep takes a while to import: only where stations are called
        from .soap.tls import Contexts

        settings = self.settings
        return ZeepLink(
            self.catalog,
            public_url=settings.public_url,
            guard=self.guard,
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            max_answer=MAX_ANSWER,
            tls=Contexts(settings.station_ca_file, settings.client_certificate, settings.client_key),
        )

    @cached_property
    def shared_clock(self) -> Clock:
        """What the processes of all hosts on this store have to agree about."""
        return clock_of(self.store, self.clock) if self.clock is now else self.clock

    @cached_property
    def phrasing(self) -> Phrasing:
        """What stations can be told."""
        return Phrasing(self.catalog)

    @cached_property
    def commands(self) -> Commands:
        """What takes orders for stations."""
        return Commands(self.store, self.phrasing, self.shared_clock, lambda: self.sender, self._books)

    @cached_property
    def sender(self) -> Sender:
        """What calls stations."""
        # A call ends after both timeouts; the rest is for a name server that takes its time.
        call_time = self.settings.connect_timeout + self.settings.read_timeout + 10
        return Sender(self.store, self.link, self.phrasing, self.shared_clock, call_time)

    def courier(self, threads: int | None = None) -> Courier:
        """A new one, which sends what is queued as soon as it is started."""
        sender = replace(self.sender, persistence=OUTCOME_SECONDS)
        return Courier(sender, Bell(self.store), threads or self.settings.command_threads)

    @cached_property
    def prober(self) -> Prober:
        """What finds out why a station can't be called."""
        from .soap.scout import Scout

        return Prober(self.commands, self.sender, Scout(self.link))

    @cached_property
    def application(self) -> Any:
        """The WSGI application: the page, the web API, health, and the SOAP endpoint at /ocpp, or some of them."""
        from .web.app import Late, create

        doors = self.settings.doors
        return create(
            None if doors == "people" else self.endpoint,
            ready=partial(check_schema, self.store),
            public_url=self.settings.public_url,
            # A door for people alone makes it at its start.
            api=None if doors == "stations" else self._api() if doors == "people" else Late(self._api),
            has_page=doors != "stations",
        )

    def _api(self) -> Any:
        from .soap.http import peer_of
        from .soap.redaction import Concealer
        from .web.api.office import Office
        from .web.api.waiting import WaitingRoom
        from .web.interface import create
        from .web.segments import prefix_of

        settings = self.settings
        office = Office(
            store=self.store,
            desk=self.desk,
            commands=self.commands,
            tokens=self.tokens,
            catalog=self.catalog,
            clock=self.clock,
            peer_of=partial(peer_of, trusted=settings.trusted_proxies),
            prefix_of=partial(prefix_of, trusted=settings.trusted_proxies),
            answered="Rejected" if settings.unknown_charge_points == "reject" else "Pending",
            max_body=settings.max_body,
            failures=settings.failed_proofs,
            waiting=WaitingRoom(self.commands, settings.threads),
            cors_origins=settings.cors_origins,
            conceal=Concealer(self.catalog),
        )
        return create(office)

    @cached_property
    def endpoint(self) -> SoapEndpoint:
        """The SOAP endpoint alone."""
        from .soap.server import SoapEndpoint

        settings, versions = self.settings, self.catalog.versions.values()
        return SoapEndpoint(
            [version.central_system for version in versions],
            self.inbox.receive,
            public_url=settings.public_url,
            max_body=settings.max_body,
            fault_status=settings.fault_status,
            trusted_proxies=settings.trusted_proxies,
            clock=self.clock,
            # Real stations send their requests in the other service's namespace (soap-binding decision 1).
            other_namespaces={version.charge_point.namespace: version.name for version in versions},
            version_of_station=self._version_of,
        )

    def desk(self, who: str) -> Desk:
        """Where somebody decides, and by whose name the audit tells of it: `cli:<user>` or `token:<name>`."""
        return Desk(self._books(who), self.clock, self.catalog, self.guard)

    @cached_property
    def tokens(self) -> Tokens:
        """Who is let in by the web API."""
        return Tokens(self.store, self.clock)

    def _books(self, who: str) -> Store:
        return Audited(self.store, who, self.clock)

    def _version_of(self, identity: str) -> str | None:
        """The version that the station spoke last; asked only for a body without a namespace."""
        with self.store.reading() as work:
            station = work.charge_points.find(identity)
        return station.version if station else None


def _plug_ins() -> Iterator[PlugIn]:
    """The installed plug-ins for DataTransfer; one that can't be loaded is logged and left out."""
    for entry_point in entry_points(group=PLUG_INS):
        try:
            yield entry_point.load()
        except Exception:  # a plug-in is somebody else's code: a broken one must not keep every station out
            log.exception("the plug-in %s of %s can't be loaded", entry_point.name, PLUG_INS)
