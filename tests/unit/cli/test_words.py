"""What the command line reads and prints, without a store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from ocpp_soap.cli import output
from ocpp_soap.cli.grammar import moment
from ocpp_soap.cli.main import cli
from ocpp_soap.cli.serve import addresses, bind_address
from ocpp_soap.cli.simulate import numbered
from ocpp_soap.settings import PREFIX, Settings
from tests.conftest import PROJECT


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def test_the_commands_are_those_that_were_promised() -> None:
    """Every command is spelled as operators know it."""
    expected = {
        ("serve",),
        ("worker",),
        ("migrate",),
        ("check",),
        *(("charge-points", word) for word in ("list", "show", "add", "accept", "reject", "set-callback")),
        *(("charge-points", word) for word in ("access", "attempts", "profile", "probe")),
        *(("tags", word) for word in ("list", "add", "block", "remove", "import", "export")),
        *(("transactions", word) for word in ("list", "show", "close", "correct", "annotate")),
        ("reservations", "list"),
        ("send",),
        *(("commands", word) for word in ("list", "show", "cancel")),
        *(("journal", word) for word in ("list", "show", "export", "replay")),
        ("retention", "run"),
        *(("tokens", word) for word in ("create", "list", "revoke")),
        ("audit", "list"),
        ("simulate",),
        ("demo",),
    }
    assert expected == set(commands())


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_help_teaches_with_examples_and_offers_json(words: tuple[str, ...]) -> None:
    """The help of each command ends with lines to copy, whole, and names --json."""
    shown = CliRunner().invoke(cli, [*words, "--help"])
    assert 0 == shown.exit_code
    assert "--json" in shown.stdout
    examples = shown.stdout.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert examples
    assert all(f"ocpp-soap {' '.join(words)}" in example for example in examples)


def test_send_lists_the_operations_of_the_wsdl() -> None:
    """`send --help` names all nineteen."""
    shown = CliRunner().invoke(cli, ["send", "--help"], env={"OCPP_SOAP_WSDL_DIR": None})
    listed = re.findall(r"^  ([A-Z][A-Za-z]+)  ", shown.stdout.partition("Operations:\n")[2], re.MULTILINE)
    assert (19, "CancelReservation", "UpdateFirmware") == (len(listed), listed[0], listed[-1])


def test_help_is_there_when_a_setting_is_wrong() -> None:
    """Who looks for help gets it, and is told."""
    shown = CliRunner().invoke(cli, ["send", "--help"], env={"OCPP_SOAP_NONSENSE": "1"})
    assert (0, True) == (shown.exit_code, "OCPP_SOAP_NONSENSE is no setting" in shown.stdout)


def test_describe_shows_the_fields_of_an_operation() -> None:
    """A table of what is expected, or the JSON Schemas."""
    text = CliRunner().invoke(cli, ["send", "--describe", "Reset"]).stdout
    assert re.search(r"^type +one of Hard, Soft +yes ", text, re.MULTILINE)
    schemas = json.loads(CliRunner().invoke(cli, ["send", "--describe", "Reset", "--json"]).stdout)
    assert ["Hard", "Soft"] == schemas["request"]["properties"]["type"]["enum"]
    assert ["Accepted", "Rejected"] == schemas["response"]["properties"]["status"]["enum"]


def test_describe_of_what_is_no_operation_lists_them() -> None:
    """A usage error."""
    refused = CliRunner().invoke(cli, ["send", "--describe", "Rest"])
    assert (2, True) == (refused.exit_code, "there are CancelReservation, " in refused.stderr)


@pytest.mark.parametrize("words", [["send"], ["send", "CP-1"], ["tags"], ["nonsense"], ["tags", "list", "--nonsense"]])
def test_usage_errors_have_their_own_status(words: list[str]) -> None:
    """Exit status 2, the usage on stderr, nothing on stdout."""
    refused = CliRunner().invoke(cli, words)
    assert (2, "", True) == (refused.exit_code, refused.stdout, refused.stderr.startswith("Usage: "))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8180", ("127.0.0.1", 8180)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:8180", ("::1", 8180)),
        (":8180", ("0.0.0.0", 8180)),
    ],
)
def test_a_bind_address_is_host_and_port(text: str, expected: tuple[str, int]) -> None:
    """IPv6 in brackets; no host means all addresses."""
    assert expected == bind_address(text)


@pytest.mark.parametrize("text", ["", "8180", "host", "host:", "host:65536", "http://host:1", "::1:80", "host:٣"])
def test_what_is_no_bind_address_is_refused_in_words(text: str) -> None:
    """A usage error that says what is expected."""
    with pytest.raises(click.BadParameter, match="HOST:PORT"):
        bind_address(text)


def test_one_address_is_reached_at_itself() -> None:
    """Only an unspecified address stands for others."""
    assert ["10.1.2.3"] == addresses("10.1.2.3")
    assert ["station.example"] == addresses("station.example")
    assert "127.0.0.1" == addresses("0.0.0.0")[0]
    assert "::1" == addresses("::")[0]


@pytest.mark.parametrize(
    "text", ["tomorrow", "2024-01-31", "2024-01-31T12:00:00", "1700000000", "2024-13-01T00:00:00Z"]
)
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    """What a station may leave open, an operator has to say."""
    with pytest.raises(click.BadParameter, match="a time such as"):
        moment(text)


@pytest.mark.parametrize("text", ["SIM-{", "SIM-{name}", "SIM-{:x!}", "{0.real.x}", "{1}"])
def test_a_format_that_can_not_be_filled_is_refused(text: str) -> None:
    """Identities of simulated stations are numbered."""
    with pytest.raises(click.BadParameter, match="a format such as"):
        numbered(text)


def test_nothing_printed_can_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences, line breaks, direction overrides and markup of a station are text like any other."""
    output.put_table(["a", "b"], [["\x1b[2J[bold]x[/bold]", "1\n2\u202e\x9b\udc80"]], "")
    line = capsys.readouterr().out.splitlines()[1]
    assert r"\x1b[2J[bold]x[/bold]  1\n2\u202e\x9b\udc80" == line
    output.put_json({"a": "\x1b\x9b\udc80"})
    assert '{\n  "a": "\\u001b\\u009b\\udc80"\n}\n' == capsys.readouterr().out


def test_a_long_line_in_a_pipe_is_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    """What is piped is read by programs: one row is one line."""
    output.put_table(["name", "value"], [["x" * 300, "y" * 300], [None, True]], "")
    assert 3 == len(capsys.readouterr().out.splitlines())


def test_every_setting_is_explained_with_its_default() -> None:
    """deploy/env.example names each setting once, and what it shows are the defaults."""
    lines = (PROJECT / "deploy/env.example").read_text(encoding="utf-8").splitlines()
    shown = dict(line.removeprefix("#").split("=", 1) for line in lines if line.startswith(f"#{PREFIX}"))
    assert sorted(PREFIX + name.upper() for name in Settings.__dataclass_fields__) == sorted(shown)
    assert Settings() == Settings.from_environment(shown)
    assert all(line.startswith("#") for line in lines if line)
