"""Pseudonyms: the same word the same one, another word another one, and of the same shape."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpp_soap.central.pseudonyms import Pseudonyms, kind_of_value, masked

WORDS = ["04A1B2C3", "CP-2041", "Müller", "1", "a", "DEADBEEF", "ab:cd/12", "  padded\t", "☃☃"]


def shape(text: str) -> str:
    """A text with its digits, capitals and other letters made alike."""
    return re.sub("[a-z]", "a", re.sub("[A-Z]", "A", re.sub("[0-9]", "0", text)))


def test_a_word_keeps_its_shape_and_case() -> None:
    """Upper and lower case of the same word stay the same word."""
    words = Pseudonyms()
    made = words.word("04A1-b2C3")
    assert shape("04A1-b2C3") == shape(made)
    assert ("04A1-b2C3" != made, made.upper()) == (True, words.word("04A1-B2C3"))
    assert f"\n {made} " == words.word("\n 04A1-b2C3 ")
    assert made == words.word("04A1-b2C3")


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=40))
def test_different_words_never_become_the_same(said: list[str]) -> None:
    """However few pseudonyms of their shape there are, else two drivers would be one."""
    words = Pseudonyms()
    folded = {text.strip().casefold() for text in said if text.strip()}
    made = {words.word(text).strip().casefold() for text in said if text.strip()}
    assert len(folded) == len(made)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_never_its_own_pseudonym(word: str) -> None:
    """Whatever it is made of."""
    assert word != Pseudonyms().word(word)


def test_two_traces_have_different_pseudonyms() -> None:
    """So that nobody can put them side by side."""
    assert Pseudonyms().word("04A1B2C3D4E5F6") != Pseudonyms().word("04A1B2C3D4E5F6")


def test_what_is_kept_stays_whatever_it_is_used_for() -> None:
    """Also in a path."""
    words = Pseudonyms()
    words.keep("CP-1")
    assert ("cp-1", "http://host-1/CP-1") == (words.word("cp-1"), words.address("http://h/CP-1"))


@pytest.mark.parametrize(
    ("said", "pattern"),
    [
        ("http://10.31.7.4:8085/", r"http://198\.18\.0\.1:8085/"),
        ("http://[fe80::1]:80", r"http://\[2001:db8::1\]:80"),
        ("https://central.acme.com/ocpp/", r"https://host-1\.example/ocpp/"),
        (
            "https://u:p4ss@h/ocpp/v16s/CP-1/5ecret",
            r"https://[a-z]:[a-z]\d[a-z]{2}@host-1/ocpp/v16s/[A-Z]{2}-\d/\d[a-z]{5}",
        ),
        ("ftp://h/a%20b?user=bob&token=t0p#x", r"ftp://host-1/[a-z]%20[a-z]\?user=[a-z]{3}&token=[a-z]\d[a-z]#[a-z]"),
        ("localhost:8095", "localhost:8095"),
        ("http://:8082/", "http://:8082/"),
        ("\n  http://0.0.0.0:28080\n", "\n  http://0.0.0.0:28080\n"),
        ("anonymous", "anonymous"),
        ("http://www.w3.org/2005/08/addressing/anonymous", "http://www.w3.org/2005/08/addressing/anonymous"),
        ("", ""),
        ("two words", "[a-z]{3} [a-z]{5}"),
    ],
)
def test_an_address_keeps_what_is_odd_about_it(said: str, pattern: str) -> None:
    """Scheme, port, slashes, blanks and hosts that mean "myself" stay; who and where it is goes."""
    assert re.fullmatch(pattern, Pseudonyms().address(said)), Pseudonyms().address(said)


def test_a_host_is_the_same_wherever_it_stands() -> None:
    """Alone, in an address, and in a sentence; a number that looks like an address inside of another text stays."""
    words = Pseudonyms()
    assert words.host("10.0.0.7") in words.address("http://10.0.0.7/")
    made = words.prose("10.0.0.7 is not http://10.0.0.7/x, nor 1.8.6.3.2")
    assert re.fullmatch(r"198\.18\.0\.1 is not http://198\.18\.0\.1/[a-wyz], nor 1\.8\.6\.3\.2", made), made


def test_a_mask_keeps_nothing_but_the_signs() -> None:
    """And the length."""
    assert '{"Xxx": [00, "xé"]}' == masked('{"Abc": [12, "zß"]}')


SECRET = ["AuthorizationKey", "wifiPassword", "GPRS_APN", "SIM_PIN", "ftp.user", "basicauthpasswd", "ApiToken"]
SECRET += ["ClientSecret", "FreevendIdTag", "MeterSerialNumber", "eth0_mac"]
ADDRESS = ["CentralSystemURL", "ntp_server", "ModemIP", "Ocpp.BackendHost", "DNS"]
NEITHER = [
    "HeartbeatInterval",
    "WebSocketPingInterval",
    "MeterValuesSampledData",
    "StopTransactionOnInvalidId",
    "Pinned",
]


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        *((key, "secrets") for key in SECRET),
        *((key, "addresses") for key in ADDRESS),
        *((key, None) for key in NEITHER),
    ],
)
def test_a_configuration_key_tells_what_its_value_is(key: str, kind: str | None) -> None:
    """By the words in its name, however they are written; a vendor has to see what is neither."""
    assert kind == kind_of_value(key)
