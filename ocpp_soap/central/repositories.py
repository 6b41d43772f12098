"""The repositories that the Central System needs: charge points, tags, transactions; the rest is in `exchanges`.

Protocols only; `store` provides them as the parts of one unit of work (`ports.Work`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from .pages import Only, Page, Position, ReservationFilter, StationFilter, TagFilter, TransactionFilter
from .records import (
    Attempt,
    ChargePoint,
    Flags,
    Json,
    NewStop,
    NewTransaction,
    Revision,
    Sample,
    StatusNotice,
    Tag,
    Transaction,
    UnknownChargePoint,
)


class ChargePoints(Protocol):
    """Registered charge points, what their connectors report, and stations that are not registered."""

    def contact(self, identity: str, version: str, peer: str | None, at: datetime) -> ChargePoint | None:
        """Notes that the station spoke (last seen, version, peer) and locks its row; None when it is not registered.

        Found by the exact identity first, else without regard to case. One statement where the spelling is exact.
        """

    def find(self, identity: str, lock: bool = False) -> ChargePoint | None:
        """The charge point of that identity (exact, else regardless of case); `lock` holds it until the end."""

    def get(self, charge_point_id: int) -> ChargePoint | None:
        """The charge point of that number."""

    def list(self) -> Sequence[ChargePoint]:
        """All registered charge points, by identity."""

    def page(self, chosen: StationFilter, limit: int, after: Position | None = None) -> Page[ChargePoint]:
        """Those that are meant, by identity."""

    def register(self, identity: str, status: str, at: datetime, **boot: str) -> ChargePoint:
        """Makes it known with that status and takes over what an unknown charge point of that identity left."""

    def add(self, identity: str, status: str, at: datetime, **boot: str) -> ChargePoint | None:
        """As `register`; None when it is registered already, by another transaction meanwhile too."""

    def change(self, charge_point_id: int, **values: Any) -> None:
        """Sets fields of its record, by their names there: status, heartbeat_interval, profile, access, quirks, …"""

    def boot(self, charge_point_id: int, boot: Json, at: datetime) -> None:
        """Stores the fields of a BootNotification; the order of connector states starts anew."""

    def set_callback(
        self,
        charge_point_id: int,
        url: str | None,
        said: str | None,
        source: str | None,
        peer: str | None,
        at: datetime,
    ) -> None:
        """Changes the callback address, with a row of history; `url` None and `source` None forget it."""

    def callback_history(self, charge_point_id: int) -> Sequence[Json]:
        """Earlier addresses, newest first: {url, said, source, peer, at}."""

    def notice_status(self, notice: StatusNotice, last_boot: datetime | None) -> None:
        """Adds to the history and, where it is not older than the current state, changes the connector's state."""

    def connectors(self, charge_point_id: int) -> Sequence[Json]:
        """The current state of each connector as StatusNotification's fields, plus `received`."""

    def notice_file(self, charge_point_id: int, kind: str, status: str, at: datetime, flags: Flags) -> None:
        """A status of `kind` firmware or diagnostics, linked to the latest UpdateFirmware or GetDiagnostics."""

    def file_notices(self, charge_point_id: int) -> Sequence[Json]:
        """Their history, newest first: {kind, status, received, command_id}."""

    def keep_data(
        self, charge_point_id: int, vendor_id: str | None, message_id: str | None, data: str | None, at: datetime
    ) -> int:
        """Stores a DataTransfer's content; returns the row's id."""

    def answer_data(self, data_id: int, status: str, record: Json | None) -> None:
        """Notes what a stored DataTransfer was answered, and what a plug-in read from it."""

    def data(self, charge_point_id: int, limit: int = 100) -> Sequence[Json]:
        """Stored DataTransfers, newest first: {vendorId, messageId, data, received, status, record}."""

    def set_availability(self, charge_point_id: int, connector_id: int, availability: str, at: datetime) -> None:
        """What an accepted ChangeAvailability asked for: Operative or Inoperative; shown with the connector's state."""

    def remember_unknown(
        self,
        identity: str,
        version: str,
        operation: str,
        peer: str | None,
        callback: str | None,
        boot: Json,
        at: datetime,
    ) -> None:
        """Notes a station that is not registered; the newest 10,000 are kept."""

    def unknown(self) -> Sequence[UnknownChargePoint]:
        """Stations that spoke without being registered, newest first."""

    def page_unknown(self, limit: int, after: Position | None = None) -> Page[UnknownChargePoint]:
        """The same in pages."""

    def find_unknown(self, identity: str) -> UnknownChargePoint | None:
        """The one of that identity (exact, else regardless of case)."""

    def page_local_lists(self, only: Only, limit: int, after: Position | None = None) -> Page[Json]:
        """{chargeBoxIdentity, listVersion} of the charge points whose local list is known, by identity."""

    def set_configuration(
        self, charge_point_id: int, keys: Iterable[Json], unknown: Iterable[str], at: datetime, everything: bool = False
    ) -> None:
        """Stores configurationKey entries {key, readonly?, value?} and forgets keys that the station does not know.

        With `everything` those in `keys` are all that it has.
        """

    def configuration(self, charge_point_id: int) -> Sequence[Json]:
        """The known configuration: {key, readonly, value, updated}."""


class Attempts(Protocol):
    """Failed authentications, one row for each identity and address; the newest 10,000 are kept."""

    def note(self, identity: str, peer: str, reason: str, at: datetime, since: datetime) -> tuple[int, int]:
        """Counts one; returns how many there were since `since`, this one with them: from there, and of the identity.

        `peer` is what `authentication.prefix` makes of an address.

        `identity` is "" for one that is not registered.
        """

    def lately(self, peer: str, identity: str, since: datetime) -> tuple[int, int]:
        """How many there were since then: from that address or network, and of that identity."""

    def list(self, identity: str | None = None, limit: int = 100) -> Sequence[Attempt]:
        """Newest first."""


class Tags(Protocol):
    """idTags, compared without regard to case."""

    def find(self, id_tag: str, lock: bool = False) -> Tag | None:
        """The tag with its parent's state, in one statement; `lock` holds it until the end of the transaction."""

    def remember_unknown(self, id_tag: str, charge_point_id: int, at: datetime) -> None:
        """Notes an idTag that nobody knows; of each charge point the newest 1,000 are kept."""

    def unknown(self) -> Sequence[Json]:
        """Unknown idTags that were presented: {idTag, firstSeen, lastSeen, chargeBoxIdentity, count}, newest first."""

    def page_unknown(self, limit: int, after: Position | None = None) -> Page[Json]:
        """The same in pages."""

    def list(self) -> Sequence[Tag]:
        """All tags, by idTag."""

    def page(self, chosen: TagFilter, limit: int, after: Position | None = None) -> Page[Tag]:
        """Those that are meant, by idTag."""

    def some(self, id_tags: Sequence[str], lock: bool = False) -> Mapping[str, Tag]:
        """Those of these that are known, by their idTag without regard to case (`str.casefold`)."""

    def add(self, tag: Tag) -> bool:
        """Adds a tag (its parent_* fields are the parent's own and are not stored); False when it is known already."""

    def save(self, tag: Tag) -> None:
        """Adds or replaces a tag."""

    def save_all(self, tags: Sequence[Tag]) -> None:
        """Adds or replaces tags, none of them twice."""

    def remove(self, id_tag: str) -> bool:
        """Forgets a tag; False when it is not known."""


class Transactions(Protocol):
    """Transactions, stops, meter values and reservations."""

    def by_start(self, key: str) -> Transaction | None:
        """The latest transaction that a StartTransaction with this key, or one that continues it, made."""

    def start(self, new: NewTransaction) -> int | None:
        """Stores it and returns its transactionId (positive, 32 bits); None when one with its key exists already."""

    def supersede(self, transaction_id: int) -> None:
        """Marks the open transactions on the same connector that this one supersedes, or this one when a later start is
        known (ordered by `ordered_at`, then id). Only open transactions are marked."""

    def open_for_tag(self, id_tag: str) -> int:
        """How many transactions the tag has that are open, not superseded, and were accepted at their start.

        Those whose connector has been Available since do not count.
        """

    def find(self, transaction_id: int, lock: bool = False) -> Transaction | None:
        """The transaction of that id."""

    def open_on(self, charge_point_id: int, connector_id: int | None = None) -> Sequence[Transaction]:
        """Open transactions of a charge point (of one of its connectors), newest first."""

    def latest_on(self, charge_point_id: int, connector_id: int) -> Json | None:
        """The latest transaction of a connector: {transactionId, started, open, freed}.

        `freed`: whether the connector has reported Available since the transaction began.
        """

    def list(
        self, identity: str | None = None, id_tag: str | None = None, open_only: bool = False, limit: int | None = None
    ) -> Sequence[Transaction]:
        """Newest first."""

    def page(self, chosen: TransactionFilter, limit: int, after: Position | None = None) -> Page[Transaction]:
        """Those that are meant by the time they started, newest first; of the same time, by id."""

    def stop(self, new: NewStop) -> bool:
        """Stores a stop and, when `effective`, ends its transaction; False when a stop with its key exists already."""

    def answer_of_stop(self, key: str) -> Json | None:
        """The answer that a StopTransaction with this key got."""

    def close(
        self,
        transaction_id: int,
        at: datetime,
        meter_stop: int | None,
        reason: str | None,
        note: str,
        changed: datetime | None = None,
    ) -> None:
        """An operator's end of a dead transaction; `changed` is now."""

    def correct(self, transaction_id: int, changed: datetime, values: Json) -> None:
        """Writes fields of a `Transaction` anew, as an operator decides."""

    def revise(self, revision: Revision) -> None:
        """Keeps what a change has replaced."""

    def revisions(self, transaction_id: int) -> Sequence[Revision]:
        """Of one transaction, oldest first."""

    def last_energy(self, transaction_id: int) -> Sample | None:
        """The latest reading of the whole energy register of a transaction."""

    def orphan_stops(self, charge_point_id: int, limit: int = 100) -> Sequence[Json]:
        """Stops that ended no transaction: {transactionId, timestamp, …, flags}, newest first."""

    def meter(
        self,
        charge_point_id: int,
        key: str,
        connector_id: int | None,
        transaction_id: int | None,
        samples: Sequence[Sample],
        received: datetime,
        flags: Flags,
        source: str = "MeterValues",
        belongs_to: int | None = None,
        apart: bool = False,
    ) -> bool:
        """Stores sampled values, of `belongs_to` where the message names no transaction; False when its key exists.

        With `apart` they belong to none, though the message names one.
        """

    def samples(self, transaction_id: int) -> Sequence[Sample]:
        """Every sampled value of a transaction, by time; `group` numbers the meterValue over all messages."""

    def reserve(self, charge_point_id: int, request: Json, command_id: int, at: datetime) -> None:
        """An accepted ReserveNow; the same reservationId replaces the reservation."""

    def end_reservation(
        self, charge_point_id: int, reservation_id: int, status: str, transaction_id: int | None = None
    ) -> bool:
        """`status` is "Cancelled" or "Used"; False when there is no active one."""

    def reservations(self, now: datetime, identity: str | None = None) -> Sequence[Json]:
        """{reservationId, chargeBoxIdentity, connectorId, idTag, parentIdTag, expiryDate, status, transactionId}.

        `status` is Active, Used, Cancelled or Expired.
        """

    def page_reservations(
        self, chosen: ReservationFilter, now: datetime, limit: int, after: Position | None = None
    ) -> Page[Json]:
        """The same in pages, those that were asked for last first."""

    def set_profile(self, charge_point_id: int, connector_id: int, profile: Json, at: datetime) -> None:
        """A charging profile in force; replaces one of the same id, or of the same purpose and stack level there."""

    def clear_profiles(self, charge_point_id: int, criteria: Mapping[str, Any]) -> int:
        """Forgets the profiles that a ClearChargingProfile request names; returns how many."""

    def profiles(self, charge_point_id: int) -> Sequence[Json]:
        """The profiles in force: {connectorId, csChargingProfiles, set}."""

    def page_profiles(self, identity: str | None, only: Only, limit: int, after: Position | None = None) -> Page[Json]:
        """The same of all charge points, or of one, in pages: with `chargeBoxIdentity`, one point after the other."""
