"""Decisions on idTags: which may charge, until when, in which group; one by one, or many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from ...errors import Busy, Conflict, InvalidPayload, NotFound, Problem
from ..pages import TagFilter
from ..ports import Work
from ..records import Tag
from ..tag_file import LONGEST_PARENT, MOST, TagChange, TagImport, TagRow, read_tag
from .seat import Check, Seat

# Tags that are read, or written, at once.
TOGETHER = 500


class TagDesk(Seat):
    """The decisions on idTags."""

    def add_tag(self, tag: Tag) -> Tag:
        """Lets a new tag charge; raises `InvalidPayload`, or `Conflict` when it is known already."""
        tag = _proper(tag)

        def act(work: Work) -> Tag:
            if not work.tags.add(tag):
                known = _known(work, tag.id_tag)
                state = " and blocked" if known.blocked else ""
                raise Conflict(f"the tag {known.id_tag} is known{state} already")
            return _known(work, tag.id_tag)

        return self._decide(act)

    def save_tag(self, tag: Tag, check: Check[Tag | None] = lambda _: None) -> Tag:
        """Adds or replaces a tag; raises `InvalidPayload`.

        `check` sees the tag as it was, None for a new one, while nobody else can change it.
        """
        tag = _proper(tag)

        def act(work: Work) -> Tag:
            known = work.tags.find(tag.id_tag, lock=True)
            check(known)
            if known is not None:
                work.tags.save(tag)
            elif not work.tags.add(tag):
                # Somebody adds it now: what holds for a known one is to be checked.
                raise Busy("the tag has been added meanwhile")
            return _known(work, tag.id_tag)

        return self._decide(act)

    def block_tag(self, id_tag: str, blocked: bool = True) -> tuple[Tag, bool]:
        """Blocks a tag, or lifts the block; also says whether it was known before. Only a block makes it known."""
        id_tag = read_tag(id_tag)

        def act(work: Work) -> tuple[Tag, bool]:
            known = work.tags.find(id_tag, lock=True)
            if known is None and not blocked:
                raise NotFound(f"the tag {id_tag} is not known; see `ocpp-soap tags list`")
            work.tags.save(replace(known or Tag(id_tag, False, None, None, None), blocked=blocked))
            return _known(work, id_tag), known is not None

        return self._decide(act)

    def remove_tag(self, id_tag: str, check: Check[Tag] = lambda _: None) -> None:
        """Forgets a tag; raises `NotFound`. `check` as above."""

        def act(work: Work) -> None:
            known = work.tags.find(id_tag, lock=True)
            if known is None:
                raise NotFound(f"the tag {id_tag} is not known; see `ocpp-soap tags list`")
            check(known)
            work.tags.remove(id_tag)

        self._decide(act)

    def import_tags(
        self, rows: Sequence[TagRow], progress: Callable[[int], None] = lambda _: None, dry_run: bool = False
    ) -> TagImport:
        """Adds and changes tags, all in one transaction; a dry run changes nothing and lists what would change.

        What a row has no field for stays as it is.
        """

        def act(work: Work) -> TagImport:
            done: list[TagChange] = []
            for begin in range(0, len(rows), TOGETHER):
                some = rows[begin : begin + TOGETHER]
                known = work.tags.some([row.fields["id_tag"] for row in some], lock=not dry_run)
                changes = list(filter(None, (_change(known, row) for row in some)))
                if not dry_run:
                    work.tags.save_all([change.after for change in changes])
                done += changes
                progress(begin + len(some))
            added = sum(change.before is None for change in done)
            return TagImport(added, len(done) - added, len(rows) - len(done), done if dry_run else ())

        if dry_run:
            with self.store.reading() as work:
                return act(work)
        return self._decide(act)

    def export_tags(self) -> Iterator[Tag]:
        """All tags, by idTag, a few at a time; those that come meanwhile may be among them."""
        after = None
        while True:
            with self.store.reading() as work:
                page = work.tags.page(TagFilter(), TOGETHER, after)
            yield from page.rows
            if page.next is None:
                return
            after = page.next


def _change(known: Mapping[str, Tag], row: TagRow) -> TagChange | None:
    """What a row of a file changes; None when the tag is so already, however it is spelled."""
    before = known.get(row.fields["id_tag"].casefold())
    if before is None:
        return TagChange(row.line, None, replace(Tag(row.fields["id_tag"], False, None, None, None), **row.fields))
    fields = {**row.fields, "id_tag": before.id_tag}
    if before.parent is not None and fields.get("parent", "").casefold() == before.parent.casefold():
        fields["parent"] = before.parent
    after = replace(before, **fields)
    return None if after == before else TagChange(row.line, before, after)


def _proper(tag: Tag) -> Tag:
    """The tag as it can be stored; raises `InvalidPayload` for what no station can send."""
    id_tag = read_tag(tag.id_tag)
    parent = None if tag.parent is None else read_tag(tag.parent, LONGEST_PARENT, "parentIdTag")
    if parent is not None and parent.casefold() == id_tag.casefold():
        raise InvalidPayload([Problem("parentIdTag", "another tag: none can be its own parent", parent)])
    most = tag.max_transactions
    if most is not None and not 1 <= most <= MOST:
        raise InvalidPayload([Problem("maxTransactions", f"a whole number from 1 to {MOST}", str(most))])
    return replace(tag, id_tag=id_tag, parent=parent)


def _known(work: Work, id_tag: str) -> Tag:
    tag = work.tags.find(id_tag)
    assert tag is not None, "it was saved in this transaction"
    return tag
