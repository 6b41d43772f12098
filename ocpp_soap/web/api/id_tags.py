"""`/id-tags`: cards and fobs that start transactions, one by one, and all of them as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from ...central.audit import tell_export
from ...central.pages import TagFilter
from ...central.records import Json, Tag
from ...central.shapes import import_object, shown, tag_object
from ...central.tag_file import (
    COLUMNS,
    DUPLICATES,
    ENCODINGS,
    LIKELY,
    LONGEST_PARENT,
    MOST,
    REFUSE,
    EncodingUnclear,
    read_csv,
    write_row,
)
from ...errors import NotFound, Refused
from .answers import page_of, ref
from .endpoints import Answer, Call, Routes, tagged
from .etags import IfMatch, IfMatchOrNew, must_be_so
from .fields import Paged, Query, Question, choice, flag, moment, text, whole

id_tags = Routes("id-tags", "Cards and fobs that start transactions. Upper and lower case are the same.")

ONE = "/id-tags/<segment:id_tag>"
CSV = "text/csv; charset=utf-8"

# An import: rows, and bytes, which nginx takes too (deploy/gateway.conf).
MOST_IMPORTED, LONGEST_IMPORT = 20_000, 2 * 1024 * 1024
EXAMPLE = "idTag,expires,blocked\n04A1B2C3,2030-01-01T00:00:00Z,false\n"

# Characters of an export that are sent at once.
CHUNK = 16 * 1024


class Chosen(Paged):
    """Which idTags."""

    prefix = text("What they begin with.")
    blocked = flag("Those that are blocked, or those that are not.")
    parentIdTag = text("Of this group.")
    known = flag("False: those that were presented somewhere, though nobody knows them.", load_default=True)


class Decided(Question):
    """What is decided of an idTag; what is left out is null or false."""

    expires = moment("Until when it may charge.", allow_none=True, load_default=None)
    parentIdTag = text("The tag of its group.", LONGEST_PARENT, allow_none=True, load_default=None)
    maxTransactions = whole("How many at the same time.", 1, MOST, allow_none=True, load_default=None)
    blocked = flag("Whether it may not charge.", load_default=False)


class Imported(Query):
    """How a file is read."""

    encoding = choice("Of the file; needed where it is not UTF-8.", ENCODINGS)
    duplicates = choice(
        "Of a tag in several lines: refuse the file, or take the last.", DUPLICATES, load_default=REFUSE
    )
    dryRun = flag("True: change nothing, and list what would change.", load_default=False)


def _decided(tag: Tag | None) -> Json | None:
    if tag is None:
        return None
    return {"expires": shown(tag.expires), "parent": tag.parent, "most": tag.max_transactions, "blocked": tag.blocked}


@id_tags.add(
    "GET",
    "/id-tags",
    query=Chosen,
    gives={200: {"anyOf": [page_of("IdTag"), page_of("UnknownIdTag")]}},
    shows=("Link",),
)
def list_id_tags(call: Call) -> Answer:
    """idTags, in alphabetical order; those that nobody knows by when they were presented last."""
    asked, now = call.query, call.office.clock()
    with call.office.store.reading() as work:
        if not asked["known"]:
            call.must_see_all()
            call.must_not_choose("known")
            return call.page(work.tags.page_unknown(asked["limit"], call.after), dict)
        chosen = TagFilter(asked.get("prefix"), asked.get("blocked"), asked.get("parentIdTag"), call.only)
        return call.page(work.tags.page(chosen, asked["limit"], call.after), lambda tag: tag_object(tag, now))


@id_tags.add("GET", ONE, gives={200: ref("IdTag")}, shows=("ETag",))
def show_id_tag(call: Call) -> Answer:
    """One idTag, with what a station is told of it now."""
    name = call.path["id_tag"]
    with call.office.store.reading() as work:
        tag = work.tags.find(name)
        # A token for some charge points learns of those alone that charged there.
        if tag is not None and call.only is not None:
            tag = tag if work.tags.page(TagFilter(tag.id_tag, only=call.only, exact=True), 1).rows else None
    if tag is None:
        raise NotFound(f"the tag {name!r} is not known")
    return tagged(tag_object(tag, call.office.clock()), _decided(tag))


@id_tags.add(
    "PUT",
    ONE,
    "operate",
    whole=True,
    body=Decided,
    headers=IfMatchOrNew,
    gives={200: ref("IdTag"), 201: ref("IdTag")},
    shows=("ETag",),
    tells=(412, 428),
)
def save_id_tag(call: Call) -> Answer:
    """Decides all of an idTag; one that is known already takes If-Match, a new one does not."""
    new = call.body
    tag = Tag(call.path["id_tag"], new["blocked"], new["expires"], new["parentIdTag"], new["maxTransactions"])
    status = 200

    def check(known: Tag | None) -> None:
        nonlocal status
        status = 200 if known else 201
        must_be_so(call.headers, _decided(known))

    saved = call.desk.save_tag(tag, check)
    return tagged(tag_object(saved, call.office.clock()), _decided(saved), status)


@id_tags.add("DELETE", ONE, "operate", whole=True, headers=IfMatch, gives={204: None}, tells=(412, 428))
def remove_id_tag(call: Call) -> Answer:
    """Forgets an idTag."""
    call.desk.remove_tag(call.path["id_tag"], lambda known: call.must_match(_decided(known)))
    return Answer(status=204)


@id_tags.add("GET", "/id-tags.csv", whole=True, gives={200: {"type": "string"}}, answers_as=CSV)
def export_id_tags(call: Call) -> Answer:
    """All idTags as CSV, in the columns that an import reads; the audit tells of it."""
    tell_export(call.office.store, call.who, call.office.clock, "id-tags")
    return Answer(_lines(call))


@id_tags.add(
    "POST",
    "/id-tags.csv",
    "operate",
    whole=True,
    query=Imported,
    takes={"required": True, "content": {"text/csv": {"schema": {"type": "string"}, "example": EXAMPLE}}},
    longest=LONGEST_IMPORT,
    gives={200: ref("TagImport")},
)
def import_id_tags(call: Call) -> Answer:
    """Adds and changes up to 20,000 idTags; all of them or, when a line is wrong, none.

    The first line names the columns: idTag, and any of expires, parentIdTag, maxTransactions, blocked (true or false);
    others are ignored, with a note. They are divided by commas, semicolons or tabs. An empty cell changes nothing, nor
    does a column that is not there.
    """
    try:
        file = read_csv(call.body, call.query.get("encoding"), call.query["duplicates"])
    except EncodingUnclear as unclear:
        raise Refused(
            f"{unclear}: name the encoding with ?encoding={LIKELY}, or one of {', '.join(ENCODINGS)}"
        ) from None
    if len(file.rows) > MOST_IMPORTED:
        raise Refused(f"expected {MOST_IMPORTED} tags at most, found {len(file.rows)}: import them in parts")
    done = call.desk.import_tags(file.rows, dry_run=call.query["dryRun"])
    return Answer(import_object(done, file.notes))


def _lines(call: Call) -> Iterator[str]:
    line = StringIO()
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    for tag in call.desk.export_tags():
        writer.writerow(write_row(tag))
        if line.tell() > CHUNK:
            yield line.getvalue()
            line.seek(0)
            line.truncate()
    yield line.getvalue()
