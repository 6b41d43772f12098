"""Whose password is compared next while many guess."""

from __future__ import annotations

import threading

from ocpp_soap.central.authentication import prefix
from ocpp_soap.central.waiting_passwords import Lane, WaitingPasswords


class Compared:
    """What is compared, in order; nothing before `go` is set."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.go, self.changed = threading.Event(), threading.Condition()

    def __call__(self, text: str) -> None:
        """Compares one."""
        assert self.go.wait(60)
        with self.changed:
            self.order.append(text)
            self.changed.notify_all()

    def until(self, text: str) -> list[str]:
        """What has been compared when that one has been."""
        self.go.set()
        with self.changed:
            assert self.changed.wait_for(lambda: text in self.order, 60)
            return list(self.order)


def test_another_charge_point_does_not_wait_for_guesses_at_one() -> None:
    """Also behind the same address."""
    compared = Compared()
    queue: WaitingPasswords[str] = WaitingPasswords(compared)
    for number in range(100):
        queue.add(Lane("cp1", "198.51.100.9"), b"%d" % number, f"guess {number}")
    queue.add(Lane("cp2", "198.51.100.9"), b"right", "right")
    assert len(compared.until("right")) <= 3


def test_guesses_at_one_charge_point_take_turns_with_other_networks() -> None:
    """A second each, whatever the guesser's addresses; what comes again goes first."""
    now = [0.0]
    queue: WaitingPasswords[str] = WaitingPasswords(lambda _: None, lambda: now[0])
    queue._thread = threading.current_thread()  # nothing is compared but by hand
    for number in range(100):
        queue.add(Lane("cp1", "2001:db8::/64"), b"%d" % number, f"guess {number}")
    for _ in range(2):
        queue.add(Lane("cp1", "203.0.113.5"), b"right", "right")
    assert queue._turn() is not None
    assert queue._turn() is None
    now[0] = 1.0
    assert "right" == queue._turn()
    queue.add(Lane("cp1", "2001:db8::/64"), b"99", "guess 99")
    now[0] = 2.0
    assert "guess 99" == queue._turn()


def test_what_waits_has_a_bound() -> None:
    """However many charge points and networks are named."""
    queue: WaitingPasswords[str] = WaitingPasswords(lambda _: None)
    queue._thread = threading.current_thread()
    for number in range(3000):
        queue.add(Lane(f"cp{number % 50}", str(number)), b"%d" % number, "guess")
    assert sum(len(one) for of in queue._lanes.values() for one in of.values()) <= 1000


def test_a_host_with_many_addresses_is_one() -> None:
    """IPv6 by /64; IPv4 also where it is mapped."""
    assert "2001:db8::/64" == prefix("2001:db8::1") == prefix("2001:db8::ffff:1")
    assert "203.0.113.5" == prefix("::ffff:203.0.113.5")
    assert ["", "?"] == [prefix(None), prefix("?")]
