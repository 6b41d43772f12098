"""idTags by the web API: one by one with ETags, and all of them as CSV."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest

from .conftest import Api

pytestmark = pytest.mark.xdist_group("web")

NUMBERS = count(1)
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


def name() -> str:
    """An idTag that no other test has."""
    return f"Tag{next(NUMBERS)}"


def test_a_tag_is_changed_by_who_has_seen_it(api: Api) -> None:
    """New ones take no If-Match; known ones do: 428 without, 412 with an old one; PUT decides all of it."""
    path = f"/id-tags/{name()}%2F"
    api.get(path, 404)
    api.ask("PUT", path, 412, json={}, headers={"If-Match": "*"})
    body = {"expires": "2030-01-01T00:00:00+01:00", "parentIdTag": "FLEET", "maxTransactions": 2, "blocked": True}
    made = api.ask("PUT", path, 201, json=body, headers={"If-None-Match": "*"})
    assert ("2029-12-31T23:00:00Z", "FLEET", 2, "Blocked") == tuple(
        made.json[field] for field in ("expires", "parentIdTag", "maxTransactions", "status")
    )
    api.ask("PUT", path, 412, json=body, headers={"If-None-Match": "*"})
    api.ask("PUT", path, 428, json=body)
    seen = api.ask("GET", path.lower().replace("%2f", "%2F"))
    assert made.headers["ETag"] == seen.headers["ETag"]
    changed = api.ask("PUT", path, json={}, headers={"If-Match": seen.headers["ETag"]})
    assert (None, None, None, False, "Accepted") == tuple(
        changed.json[field] for field in ("expires", "parentIdTag", "maxTransactions", "blocked", "status")
    )
    api.ask("PUT", path, 412, json=body, headers={"If-Match": seen.headers["ETag"]})
    api.ask("DELETE", path, 428)
    api.ask("DELETE", path, 412, headers={"If-Match": seen.headers["ETag"]})
    api.ask("DELETE", path, 204, headers={"If-Match": changed.headers["ETag"]})
    api.ask("DELETE", path, 404, headers={"If-Match": "*"})


def test_a_tag_that_no_station_can_send_is_refused(api: Api) -> None:
    """Controls, blanks alone and too many characters are a 422; so is a parent of itself."""
    for odd in ("%01", "%20", "x" * 256, "%E2%80%AE"):
        api.ask("PUT", f"/id-tags/{odd}", 422, json={})
    own = name()
    problem = api.ask("PUT", f"/id-tags/{own}", 422, json={"parentIdTag": own.upper()}).json
    assert ["#/parentIdTag"] == [e["pointer"] for e in problem["errors"]]


def test_tags_are_listed_by_what_is_known_of_them(api: Api) -> None:
    """By prefix, group and state in alphabetical order regardless of case; unknown ones by when they came."""
    group = f"G{name()}"
    for tag, blocked in (("b", True), ("A", False), ("c", False)):
        api.ask("PUT", f"/id-tags/{group}{tag}", 201, json={"parentIdTag": group, "blocked": blocked})
    for query, meant in (("", "Abc"), ("&blocked=true", "b"), ("&blocked=false", "Ac")):
        found = api.items(f"/id-tags?limit=1&parentIdTag={group.lower()}{query}")
        assert [group + tag for tag in meant] == [row["idTag"] for row in found]
    assert 3 == len(api.items(f"/id-tags?prefix={group.lower()}"))
    identity = api.new()
    with api.gateway.store.writing() as work:
        point = work.charge_points.find(identity)
        assert point is not None
        work.tags.remember_unknown(f"{group}-unknown", point.id, NOON)
    (row,) = (row for row in api.items("/id-tags?known=false") if row["idTag"].startswith(group))
    assert (identity, 1, "2024-01-31T12:00:00Z") == (row["chargeBoxIdentity"], row["count"], row["lastSeen"])


def test_tags_come_and_go_as_csv(api: Api) -> None:
    """An export can be imported; a file with a wrong line changes nothing, and says which; 20,000 are enough."""
    group = f"I{name()}"
    lines = [f'"{group},{i}",2030-01-01T00:00:00Z,{group},{i + 1},true' for i in range(3)]
    csv = "\r\n".join(["idTag,expires,parentIdTag,maxTransactions,blocked", *lines, ""])
    kind = {"content_type": "text/csv"}
    counts = {"added": 3, "changed": 0, "unchanged": 0, "notes": [], "changes": []}
    dry = api.ask("POST", "/id-tags.csv?dryRun=true", data=csv, **kind).json
    assert ({**counts, "changes": None}, 3) == ({**dry, "changes": None}, len(dry["changes"]))
    assert counts == api.ask("POST", "/id-tags.csv", data=csv, **kind).json
    assert {**counts, "added": 0, "unchanged": 3} == api.ask("POST", "/id-tags.csv", data=csv, **kind).json
    export = api.ask("GET", "/id-tags.csv").get_data(as_text=True)
    assert lines == [line for line in export.splitlines() if group in line]
    assert 0 == api.ask("POST", "/id-tags.csv", data=export, **kind).json["added"]
    wrong = f"idTag,blocked\n{group}9,true\n{group}8,perhaps\n"
    assert "line 3: blocked" in api.ask("POST", "/id-tags.csv", 422, data=wrong, **kind).json["detail"]
    api.get(f"/id-tags/{group}9", 404)
    many = "idTag\n" + "".join(f"{i}\n" for i in range(20_001))
    assert "20000" in api.ask("POST", "/id-tags.csv", 422, data=many, **kind).json["detail"]
    api.ask("POST", "/id-tags.csv", 413, data=many * 20, **kind)
    told = api.items(f"/audit?subject=id-tag%20{group},0")
    assert [("import", None, 1)] == [(row["what"], row["before"], row["after"]["maxTransactions"]) for row in told]


def test_a_file_in_another_encoding_is_a_422_that_says_how_to_name_it(api: Api) -> None:
    """The parameter, its values and a sample; duplicates are refused until the last line is asked for."""
    kind, own = {"content_type": "text/csv"}, name()
    data = f"idTag;Name\n{own};M\u00fcller\n{own};M\u00fcller\n".encode("cp1252")
    detail = api.ask("POST", "/id-tags.csv", 422, data=data, **kind).json["detail"]
    assert "M\u00fcller" in detail
    assert "?encoding=cp1252" in detail
    path = "/id-tags.csv?encoding=cp1252"
    assert f"{own} stands in line 2 already" in api.ask("POST", path, 422, data=data, **kind).json["detail"]
    done = api.ask("POST", f"{path}&duplicates=last", data=data, **kind).json
    assert (1, ["ignored columns: Name", f"{own} stands in lines 2, 3: line 3 is taken"]) == (
        done["added"],
        done["notes"],
    )
