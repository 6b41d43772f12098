"""A command that is followed from here to its end, with a store that goes away before that."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ocpp_soap.central.orders import Order
from ocpp_soap.central.ports import Work
from ocpp_soap.errors import StoreError, Uncertain

from .conftest import Central
from .posting import ME, Post


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("is_sent", [True, False])
def test_what_may_have_been_sent_is_not_called_unsent(central: Central, is_sent: bool) -> None:
    """Its outcome can't be seen: only what could be taken out of the queue is known not to have left."""
    post, store = Post(central), central.store
    asked: list[None] = []
    post.registered("CP1")

    def reading() -> AbstractContextManager[Work]:
        asked.append(None)
        if len(asked) > 2:
            raise StoreError("gone")
        return store.reading()

    gone: Any = SimpleNamespace(reading=reading, writing=store.writing)
    sender = post.sender if is_sent else replace(post.sender, store=gone)
    commands = replace(post.commands, store=gone, sender=lambda: sender)
    with pytest.raises(Uncertain if is_sent else StoreError, match="gone"):
        commands.deliver("CP1", Order("ClearCache", {}), ME)
    assert ("answered" if is_sent else "not_transmitted") == post.commands.find(1).state
