"""How a line of the log is written: a time, a level, a message, and nothing that a peer could forge.

What stations send ends up in messages: no character of it may begin a line of its own or steer a terminal. It knows no
room; logging is configured by whoever runs the program.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Any

# Controls, line and paragraph separators, invisible blanks, direction overrides, half surrogates.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# They log whole messages, which hold idTags.
TALKATIVE = ("spyne", "zeep", "urllib3")


def printable(text: str) -> str:
    r"""The text with each character that could steer a terminal written as `\x1b`, `\n` or `\u202e`."""
    return UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], text)


class LineFormatter(logging.Formatter):
    """One line per record, UTC; a traceback follows, indented, so that no line of it can pass for a record."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        level = record.levelname.lower()
        line = f"{self.formatTime(record)} [{record.process}] {level} {printable(record.getMessage())}"
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
