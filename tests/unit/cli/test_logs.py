"""A line of the log: nothing that a peer sends can forge one."""

from __future__ import annotations

import logging
import re
import sys

from ocpp_soap.logs import LineFormatter, configuration


def record(message: str, *values: object, trace: bool = False) -> logging.LogRecord:
    """A warning with these values, and the exception at hand."""
    return logging.LogRecord("x", logging.WARNING, "x.py", 1, message, values, sys.exc_info() if trace else None)


def test_a_record_is_one_line_with_time_process_and_level() -> None:
    """UTC, to the millisecond."""
    line = LineFormatter().format(record("%s of %r", "Heartbeat", "CP-1"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[\d+\] warning Heartbeat of 'CP-1'", line)


def test_a_message_can_not_begin_a_line_of_its_own() -> None:
    """Line breaks and escape sequences are spelled out."""
    line = LineFormatter().format(record("from %s", "x\n2024-01-31T12:00:00.000Z [1] info all is well\x1b[2K\u2028"))
    assert line.endswith(r"warning from x\n2024-01-31T12:00:00.000Z [1] info all is well\x1b[2K\u2028")


def test_a_traceback_is_indented() -> None:
    """So that no line of an exception's text passes for a record."""
    try:
        raise ValueError("bad\n2024-01-31T12:00:00.000Z [1] info all is well\x07")
    except ValueError:
        lines = LineFormatter().format(record("failed", trace=True)).splitlines()
    assert "    2024-01-31T12:00:00.000Z [1] info all is well\\x07" == lines[-1]
    assert [True] * (len(lines) - 1) == [line.startswith("    ") for line in lines[1:]]


def test_libraries_that_log_messages_are_quiet_at_every_level() -> None:
    """What they would tell at debug holds idTags."""
    loggers = configuration("debug")["loggers"]
    assert ["WARNING"] * 3 == [loggers[name]["level"] for name in ("spyne", "zeep", "urllib3")]
