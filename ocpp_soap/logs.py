"""How a line of the log is written: a time, a level, a message, and nothing that a peer could forge.

What stations send ends up in messages: no character of it may begin a line of its own or steer a terminal. It knows no
room; logging is configured by whoever runs the program.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any

# What steers a terminal or isn't seen on it: Unicode's categories Cc, Cf, Cs, Zl and Zp, blanks other than U+0020, and
# its Default_Ignorable_Code_Point, such as the fillers of Hangul; U+2800 is a blank of Braille.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)

# They log whole messages, which hold idTags.
TALKATIVE = ("spyne", "zeep", "urllib3")


request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The X-Request-ID of the HTTP request that is served here: it follows one through proxy, log, journal and audit."""


def printable(text: str) -> str:
    r"""The text with each character that could steer a terminal or that is not seen written as `\x1b`, `\u200d`."""
    return UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


class Seldom:
    """Says whether to log what may happen over and over: once a minute for each key, and so many keys a minute at most.

    What is not logged is counted, and told with the next line of its key.
    """

    def __init__(self, keys: int = 100, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys, self._seconds, self._clock = keys, seconds, clock
        self._lock = threading.Lock()
        self._told: dict[Hashable, tuple[float, int]] = {}
        self._begun, self._lines = clock(), 0

    def due(self, key: Hashable) -> int:
        """0: not now. Else how often it happened since it was last logged, this time with it."""
        now = self._clock()
        with self._lock:
            if now - self._begun >= self._seconds:
                self._begun, self._lines = now, 0
            last, withheld = self._told.pop(key, (now - self._seconds, 0))
            due = now - last >= self._seconds and self._lines < self._keys
            self._told[key] = (now, 0) if due else (last, withheld + 1)
            self._lines += due
            while len(self._told) > 10 * self._keys:
                del self._told[next(iter(self._told))]
        return withheld + 1 if due else 0


class LineFormatter(logging.Formatter):
    """One line per record, UTC; a traceback follows, indented, so that no line of it can pass for a record."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        level = record.levelname.lower()
        line = f"{self.formatTime(record)} [{record.process}] {level} {printable(record.getMessage())}"
        if name := request_id.get():
            line += f" (X-Request-ID {name})"
        trace = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join([line, *(f"    {printable(row)}" for row in trace)])


def configuration(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`, and for gunicorn's setting of the same kind: everything to stderr."""
    own: dict[str, Any] = {"level": level.upper(), "handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": LineFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": level.upper(), "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": own,
            "gunicorn.access": own,
            **{name: {"level": "WARNING"} for name in TALKATIVE},
        },
    }
