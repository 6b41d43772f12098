"""What couriers of several hosts have in common: the time of the database, also while it is away."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ocpp_soap.errors import StoreError
from ocpp_soap.store import bell
from ocpp_soap.store.work import open_store


def test_the_time_goes_on_while_the_database_is_away(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a station answered meanwhile is to be stored with its time; one that was never known is no time."""
    monkeypatch.setattr(bell, "BELIEVED", -1)
    store, away = open_store(postgresql_url), open_store("postgresql://nobody@127.0.0.1:1/nothing")
    place: Any = SimpleNamespace(reader=store.reader)
    clock = bell.SharedClock(place)
    before = clock()
    place.reader = away.reader
    assert before < clock()
    with pytest.raises(StoreError, match="can't be reached"):
        bell.SharedClock(away)()
    store.close()
