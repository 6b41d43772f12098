"""A store on each database with one charge point, rows to put into it, and a counter of statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from ocpp_soap.central.records import NewStop, NewTransaction, Sample, StatusNotice
from ocpp_soap.store.work import SqlStore, open_store

NOON = datetime(2024, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


def after(**duration: float) -> datetime:
    """A time after NOON."""
    return NOON + timedelta(**duration)


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    """A store with its tables and nothing in them."""
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def station(store: SqlStore) -> int:
    """The id of the charge point CP1."""
    return register(store, "CP1")


def register(store: SqlStore, identity: str) -> int:
    """Registers an accepted charge point; returns its id."""
    with store.writing() as work:
        return work.charge_points.register(identity, "Accepted", NOON).id


@contextmanager
def counted(store: SqlStore) -> Iterator[list[str]]:
    """Lists the statements that writing transactions run, without what begins and ends them."""
    statements: list[str] = []

    def notice(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(store.writer, "before_cursor_execute", notice)
    yield statements
    event.remove(store.writer, "before_cursor_execute", notice)


def a_start(station: int, key: str = "k1", **fields: Any) -> NewTransaction:
    """A StartTransaction at NOON on connector 1."""
    base = NewTransaction(
        charge_point_id=station,
        key=key,
        connector_id=1,
        id_tag="Tag1",
        start_timestamp=NOON,
        received=NOON,
        ordered_at=NOON,
        meter_start=100,
        reservation_id=None,
        id_tag_info={"status": "Accepted"},
        flags=[],
    )
    return replace(base, **fields)


def a_stop(station: int, transaction_id: int | None, key: str = "s1", **fields: Any) -> NewStop:
    """A StopTransaction an hour later that ends its transaction."""
    base = NewStop(
        charge_point_id=station,
        key=key,
        transaction_id=transaction_id,
        timestamp=after(hours=1),
        received=after(hours=1),
        meter_stop=200,
        id_tag="Tag1",
        reason="Local",
        answer={"idTagInfo": {"status": "Accepted"}},
        flags=[],
        effective=True,
    )
    return replace(base, **fields)


def a_sample(group: int = 0, value: str = "1", **fields: Any) -> Sample:
    """A sampledValue with the default attributes at NOON."""
    base = Sample(group, NOON, value, "Sample.Periodic", "Raw", "Energy.Active.Import.Register", "Outlet", "Wh")
    return replace(base, **fields)


def a_notice(station: int, status: str = "Available", **fields: Any) -> StatusNotice:
    """A StatusNotification of connector 1 at NOON."""
    base = StatusNotice(
        charge_point_id=station,
        connector_id=1,
        status=status,
        error_code="NoError",
        info=None,
        vendor_id=None,
        vendor_error_code=None,
        timestamp=NOON,
        received=NOON,
        ordered_at=NOON,
        flags=[],
    )
    return replace(base, **fields)


def start(store: SqlStore, new: NewTransaction) -> int:
    """Stores a start that must be a new one; returns its transactionId."""
    with store.writing() as work:
        transaction_id = work.transactions.start(new)
    assert transaction_id is not None
    return transaction_id
