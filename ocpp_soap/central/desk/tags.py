"""Decisions on idTags: which may charge, until when, in which group; one by one, or many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ...errors import Busy, Conflict, InvalidPayload, NotFound, Problem
from ..pages import TagFilter
from ..ports import Work
from ..records import Json, Tag
from ..tag_file import LONGEST_PARENT, MOST, read_tag
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

    def import_tags(self, rows: Sequence[Json], progress: Callable[[int], None] = lambda _: None) -> tuple[int, int]:
        """Adds and changes tags, all in one transaction; returns how many were added and how many changed.

        `rows` are those of `tag_file.read_csv`: what a row has no field for stays as it is.
        """

        def act(work: Work) -> tuple[int, int]:
            changed = 0
            for begin in range(0, len(rows), TOGETHER):
                some = rows[begin : begin + TOGETHER]
                known = work.tags.some([row["id_tag"] for row in some], lock=True)
                fresh = (Tag(row["id_tag"], False, None, None, None) for row in some)
                before = [known.get(tag.id_tag.casefold(), tag) for tag in fresh]
                work.tags.save_all([replace(tag, **row) for tag, row in zip(before, some, strict=True)])
                changed += len(known)
                progress(begin + len(some))
            return len(rows) - changed, changed

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
