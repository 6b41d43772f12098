"""Occupied, the older versions' one word for a driver's stay: what it means follows from the transactions."""

from __future__ import annotations

from .conftest import Central


def report(central: Central, status: str, connector: int = 1) -> str:
    """The status that a connector shows once it has reported this one."""
    central.later(seconds=1)
    central.say("StatusNotification", connectorId=connector, status=status, errorCode="NoError")
    with central.store.reading() as work:
        station = work.charge_points.find("CP1")
        assert station is not None
        shown = {row["connectorId"]: row["status"] for row in work.charge_points.connectors(station.id)}
    word: str = shown[connector]
    return word


def start(central: Central) -> int:
    """A transaction on connector 1."""
    central.later(seconds=1)
    number: int = central.start()["transactionId"]
    return number


def stop(central: Central, transaction_id: int) -> None:
    """Its end."""
    central.later(seconds=1)
    central.stop(transaction_id)


def test_a_stay_is_preparing_charging_and_finishing(central: Central) -> None:
    """Before, during and after the transaction; Available ends the stay."""
    words = [report(central, "Occupied")]
    number = start(central)
    words += [report(central, "Occupied"), report(central, "Occupied", connector=2)]
    stop(central, number)
    words += [report(central, "Occupied"), report(central, "Occupied")]
    words += [report(central, "Available"), report(central, "Occupied")]
    assert ["Preparing", "Charging", "Preparing", "Finishing", "Finishing", "Available", "Preparing"] == words


def test_a_stay_is_finishing_whatever_was_reported_meanwhile(central: Central) -> None:
    """Nothing between start and end, or a fault: it has not been Available since."""
    report(central, "Available")
    stop(central, start(central))
    assert "Finishing" == report(central, "Occupied")
    report(central, "Available")
    number = start(central)
    assert "Faulted" == report(central, "Faulted")
    stop(central, number)
    assert "Finishing" == report(central, "Occupied")


def test_the_latest_transaction_decides(central: Central) -> None:
    """One that was superseded and never ended does not charge for ever."""
    start(central)
    stop(central, start(central))
    assert "Finishing" == report(central, "Occupied")


def test_the_word_that_came_is_kept_with_the_reason(central: Central) -> None:
    """In the flags of the message; no other word is touched."""
    number = start(central)
    report(central, "Occupied")
    flag = central.calls[-1].flags[-1]
    assert ("status", "Occupied") == (flag.path, flag.raw)
    assert f"Charging, since transaction {number} is open on this connector" == flag.assumed
    report(central, "Reserved")
    assert [] == central.flags()
