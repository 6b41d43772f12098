"""Tags from a CSV file: every wrong line is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ocpp_soap.central.tag_file import read_csv
from ocpp_soap.errors import Refused

NEW_YEAR = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_file_with_all_columns_is_read() -> None:
    """Columns in any order and case, quotes, blanks, a byte order mark."""
    data = "\ufeffBlocked,idtag,Expires,parentIdTag,maxTransactions\n no , 04A1 ,2030-01-01T01:00:00+01:00,FLEET,3\n"
    expected = {"blocked": False, "id_tag": "04A1", "expires": NEW_YEAR, "parent": "FLEET", "max_transactions": 3}
    assert [expected] == read_csv(data.encode())


def test_what_has_no_column_is_not_touched() -> None:
    """A row holds only what the file has a column for; an empty cell says that there is none."""
    assert [{"id_tag": "A", "expires": None}, {"id_tag": "B", "expires": None}] == read_csv(
        b'idTag;expires\r\nA;\r\n\r\n"B";\r\n'
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "line 1: expected idTag and any of expires"),
        (b"tag\nA\n", "found tag"),
        (b"idTag,idTag\nA,B\n", "each once"),
        (b"idTag\n\xff\n", "not UTF-8: byte 6 is 0xff"),
        (b"idTag,blocked\nA\n", "line 2: expected 2 columns, found 1"),
        (b"idTag,blocked\nA,maybe\n", "line 2: blocked: expected true or false, found 'maybe'"),
        (b"idTag,expires\nA,2030-01-01\n", "line 2: expires: expected a time such as"),
        (b"idTag,expires\nA,soon\n", "line 2: expires: expected a time such as"),
        (b"idTag,maxTransactions\nA,0\n", "line 2: maxTransactions: expected a whole number from 1"),
        (b"idTag,maxTransactions\nA,99999999999\n", "maxTransactions"),
        (b"idTag,parentIdTag\nA,AAAAAAAAAAAAAAAAAAAAA\n", "line 2: parentIdTag: expected a tag of 1 to 20 characters"),
        (b"idTag\n" + b"A" * 256, "line 2: idTag: expected a tag of 1 to 255 characters"),
        (b"idTag\nA\x00B\n", "line 2: idTag"),
        (b"idTag,parentIdTag\nA,a\n", "line 2: parentIdTag: a tag can't be its own parent"),
        (b"idTag\nA\nB\na\n", "line 4: idTag: a stands in line 2 already"),
        (b'idTag\n"A\n', "line 2: unexpected end of data"),
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
