"""A peer that trickles loses its connection; nobody else does."""

from __future__ import annotations

import socket
import threading

import pytest

from ocpp_soap.worker import patience
from ocpp_soap.worker.patience import Patience


def _trickle(peer: socket.socket, stop: threading.Event) -> None:
    while not stop.wait(0.02):
        try:
            peer.send(b"x")
        except OSError:
            return


def test_a_peer_that_trickles_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a byte comes; the answer still gets through."""
    monkeypatch.setattr(patience, "ROUND", 0.02)
    ours, theirs = socket.socketpair()
    stop = threading.Event()
    with ours, theirs:
        sender = threading.Thread(target=_trickle, args=(theirs, stop))
        sender.start()
        watch = Patience(1)
        watch.start()
        with watch.waiting_for(ours):
            while ours.recv(100):
                pass
        ours.sendall(b"too slow")
        assert b"too slow" == theirs.recv(100)
        stop.set()
        sender.join()


def test_a_peer_that_is_no_longer_waited_for_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection may stay open between two messages."""
    monkeypatch.setattr(patience, "ROUND", 0.01)
    ours, theirs = socket.socketpair()
    other, its_peer = socket.socketpair()
    with ours, theirs, other, its_peer:
        watch = Patience(1)
        watch.start()
        with watch.waiting_for(ours):
            theirs.sendall(b"a message")
            assert b"a message" == ours.recv(100)
        with watch.waiting_for(other):
            assert b"" == other.recv(100)  # the watch has gone its rounds
        theirs.sendall(b"the next")
        assert b"the next" == ours.recv(100)


def test_a_peer_that_takes_nothing_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that nobody reads does not hold its thread; it has had as long as the message before."""
    monkeypatch.setattr(patience, "ROUND", 0.02)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watch = Patience(0.1)
        watch.start()
        with watch.waiting_for(ours), pytest.raises(BrokenPipeError):
            ours.sendall(b"x" * 10_000_000)
