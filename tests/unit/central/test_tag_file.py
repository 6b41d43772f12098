"""Tags from a CSV file as spreadsheets make it: every wrong line is reported, and an empty cell says nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ocpp_soap.central.records import Json, Tag
from ocpp_soap.central.tag_file import COLUMNS, EncodingUnclear, read_csv, write_row
from ocpp_soap.errors import Refused

NEW_YEAR = datetime(2030, 1, 1, tzinfo=UTC)
LAST_SECOND = datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC)


def fields(data: bytes, **how: Any) -> list[Json]:
    """What the rows of a file say."""
    return [row.fields for row in read_csv(data, **how).rows]


def test_a_file_with_all_columns_is_read() -> None:
    """Columns in any order and case, quotes, blanks, a byte order mark."""
    data = "\ufeffBlocked,idtag,Expires,parentIdTag,maxTransactions\n no , 04A1 ,2030-01-01T01:00:00+01:00,FLEET,3\n"
    expected = {"blocked": False, "id_tag": "04A1", "expires": NEW_YEAR, "parent": "FLEET", "max_transactions": 3}
    assert [expected] == fields(data.encode())


def test_what_has_no_column_or_an_empty_cell_is_not_touched() -> None:
    """A row holds only what it has a value for."""
    assert [{"id_tag": "A"}, {"id_tag": "B"}] == fields(b'idTag;expires;blocked\r\nA;;\r\n;;\r\n"B"; ;\r\n')


@pytest.mark.parametrize(
    "data",
    [
        b"idTag;blocked\r\n04A1;ja\r\n",
        b"idTag\tblocked\r\n04A1\toui\r\n",
        b"sep=;\r\nidTag;blocked\r\n04A1;WAHR\r\n",
        '\ufeff"sep=\t"\nidTag\tblocked\n04A1\tVrai'.encode(),
        "idTag\tblocked\r\n04A1\ts\u00ed\r\n".encode("utf-16"),
        b"\xef\xbb\xbfidTag,blocked,,\r04A1,1,,\r",
    ],
)
def test_every_spreadsheet_of_europe_is_understood(data: bytes) -> None:
    """Semicolons, tabs, sep=, byte order marks, UTF-16, words for yes, all line ends, trailing empty columns."""
    assert [{"id_tag": "04A1", "blocked": True}] == fields(data)


@pytest.mark.parametrize("text", ["nein", "non", "no", "FALSCH", "faux", "0", "nee", "false"])
def test_no_in_other_languages_is_no(text: str) -> None:
    """The words that spreadsheets and people write for false."""
    assert [{"id_tag": "A", "blocked": False}] == fields(f"idTag,blocked\nA,{text}\n".encode())


@pytest.mark.parametrize("text", ["31.12.2027", "2027-12-31", "2027-12-31T23:59:59Z"])
def test_a_date_lasts_until_the_end_of_its_day(text: str) -> None:
    """A card that expires on a day may charge on that day."""
    assert [{"id_tag": "A", "expires": LAST_SECOND}] == fields(f"idTag,expires\nA,{text}\n".encode())


def test_the_encoding_is_asked_for_where_it_is_unclear() -> None:
    """A sample shows how the file would be read; a named encoding is followed."""
    data = "idTag;Fahrer\nA;M\u00fcller\n".encode("cp1252")
    with pytest.raises(EncodingUnclear) as unclear:
        read_csv(data)
    assert "line 2 is not UTF-8; read as cp1252 it is 'A;M\u00fcller'" == str(unclear.value)
    file = read_csv(data, "cp1252")
    assert (["ignored columns: Fahrer"], ["A"]) == (file.notes, [row.fields["id_tag"] for row in file.rows])


def test_rows_end_at_line_ends_alone() -> None:
    """What other programs may take for a line end stays in its cell, which is refused then."""
    for odd in "\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e":
        with pytest.raises(Refused, match=f"line 2: idTag: it holds an invisible character, U\\+{ord(odd):04X}"):
            read_csv(f"idTag\nSAFE{odd}EVIL\n".encode())


def test_the_last_of_duplicates_is_taken_when_asked() -> None:
    """All of a tag is what its last line says; the note names the lines."""
    file = read_csv(b"idTag,blocked,maxTransactions\nA,yes,\nB,,\na,,2\n", duplicates="last")
    assert [(3, {"id_tag": "B"}), (4, {"id_tag": "a", "max_transactions": 2})] == [
        (r.line, r.fields) for r in file.rows
    ]
    assert ["a stands in lines 2, 4: line 4 is taken"] == file.notes


@pytest.mark.parametrize("name", ["=1+1", "+49", "-A", "@A", "'=A", "''+A", "'A", "\uff1dA", "A=1"])
def test_no_exported_cell_is_a_formula_and_all_come_back(name: str) -> None:
    """What a spreadsheet would compute begins with ' in the file, and without it in the store."""
    cells = write_row(Tag(name, False, None, name, None))
    assert cells[0][0] not in "=+-@\uff1d"
    line = ",".join(cells[:2]) + ",P,,"
    assert [name] == [row["id_tag"] for row in fields(f"{','.join(COLUMNS)}\n{line}\n".encode())]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "line 1: expected idTag and any of expires"),
        (b"tag\nA\n", "found tag"),
        (b"idTag,idTag\nA,B\n", "each once"),
        (b'"idTag\nA\n', "line 1: a cell has no closing quote"),
        (b"idTag,blocked\nA,no,B\n", "line 2: expected 2 columns, found 3"),
        (b"idTag,blocked\nA\n", "line 2: expected 2 columns, found 1"),
        (b"idTag,blocked\nA,maybe\n", "line 2: blocked: expected true or false, found 'maybe'"),
        (b"idTag,expires\nA,31/12/2030\n", "line 2: expires: expected a time such as"),
        (b"idTag,expires\nA,31.13.2030\n", "line 2: expires: expected a time such as"),
        (b"idTag,expires\nA,2030-01-01T00:00:00\n", "line 2: expires: expected a time such as"),
        (b"idTag,expires\nA,soon\n", "line 2: expires: expected a time such as"),
        (b"idTag,maxTransactions\nA,0\n", "line 2: maxTransactions: expected a whole number from 1"),
        (b"idTag,maxTransactions\nA,99999999999\n", "maxTransactions"),
        (b"idTag,parentIdTag\nA,AAAAAAAAAAAAAAAAAAAAA\n", "line 2: parentIdTag: expected a tag of 1 to 20 characters"),
        (b"idTag\n" + b"A" * 21, "line 2: idTag: expected a tag of 1 to 20 characters"),
        (b"idTag,blocked\n,yes\n", "line 2: idTag: expected a tag of 1 to 20 characters"),
        (b"idTag\n4E+07\n", "line 2: idTag: 4E+07 is a number that a spreadsheet has shortened"),
        (b"idTag;blocked\n4,23457E+13;\n", "line 2: idTag: 4,23457E+13 is a number"),
        (b"idTag\n04 A1\n", "line 2: idTag: expected a tag without blanks"),
        ("idTag\n04A1\u00a0\n".encode(), "line 2: idTag: it holds an invisible character, U+00A0 NO-BREAK SPACE"),
        ("idTag\n04\u200bA1\n".encode(), "line 2: idTag: it holds an invisible character, U+200B"),
        ("idTag\n04\u3164A1\n".encode(), "line 2: idTag: it holds an invisible character, U+3164"),
        (b"idTag\nA\x00B\n", "line 2: idTag"),
        (b"idTag,parentIdTag\nA,a\n", "line 2: parentIdTag: a tag can't be its own parent"),
        (b"idTag\nA\nB\na\n", "line 4: idTag: a stands in line 2 already"),
        (b'idTag\n"A\nB"\n', "line 2: a cell has no closing quote: a cell can't hold a line break"),
    ],
)
def test_a_wrong_line_is_named_with_what_was_expected(data: bytes, words: str) -> None:
    """The reason names the line and the column."""
    with pytest.raises(Refused) as refused:
        read_csv(data)
    assert words in str(refused.value)


def test_all_wrong_lines_are_told_up_to_a_limit() -> None:
    """Twenty lines, and how many more there are."""
    with pytest.raises(Refused) as refused:
        read_csv(b"idTag,maxTransactions\n" + b"".join(b"T%d,x\n" % i for i in range(30)))
    lines = str(refused.value).splitlines()
    assert ("nothing was imported", 22, "and 10 more") == (lines[0], len(lines), lines[-1])
