"""idTags: who may charge, one by one or as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from .editing import changing
from .errors import Changed, NotFound
from .models import IdTag, Json, Model, UnknownIdTag
from .reading import query, read, written
from .resources import Resource
from .transport import Reply, segment


@dataclass(frozen=True, kw_only=True)
class ImportedFields:
    """What a file can say of a tag."""

    expires: datetime | None
    parentIdTag: str | None
    maxTransactions: int | None
    blocked: bool


@dataclass(frozen=True, kw_only=True)
class ImportedTag:
    """What a line would make of a tag; `before` None: it is a new one."""

    line: int
    idTag: str
    before: ImportedFields | None
    after: ImportedFields


@dataclass(frozen=True, kw_only=True)
class Imported(Model):
    """What an import did, or would do; `changes` are those of a dry run."""

    added: int
    changed: int
    unchanged: int
    notes: tuple[str, ...] = ()
    changes: tuple[ImportedTag, ...] = ()


class IdTags(Resource):
    """The idTags of the gateway, in upper or lower case alike."""

    def list(
        self,
        *,
        prefix: str | None = None,
        blocked: bool | None = None,
        parentIdTag: str | None = None,
        limit: int | None = None,
    ) -> Iterator[IdTag]:
        """Those that are known, by idTag."""
        return self._rows("/id-tags", IdTag, limit, prefix=prefix, blocked=blocked, parentIdTag=parentIdTag)

    def unknown(self, *, limit: int | None = None) -> Iterator[UnknownIdTag]:
        """Those that were presented somewhere though nobody had added them, the newest first."""
        return self._rows("/id-tags", UnknownIdTag, limit, known=False)

    def get(self, idTag: str) -> IdTag:
        """One of them."""
        return _tag(self._transport.get(_path(idTag)))

    def save(
        self,
        idTag: str,
        *,
        expires: datetime | None = None,
        parentIdTag: str | None = None,
        maxTransactions: int | None = None,
        blocked: bool = False,
    ) -> IdTag:
        """Makes it so, whether the tag was known or not, and whoever changed it meanwhile."""
        fields = {
            "expires": expires,
            "parentIdTag": parentIdTag,
            "maxTransactions": maxTransactions,
            "blocked": blocked,
        }
        for condition in ("If-Match", "If-None-Match"):
            with suppress(Changed):  # there is none to change; there is one by now
                return self._put(idTag, fields, {condition: "*"})
        return self._put(idTag, fields, {"If-Match": "*"})

    def add(
        self,
        idTag: str,
        *,
        expires: datetime | None = None,
        parentIdTag: str | None = None,
        maxTransactions: int | None = None,
        blocked: bool = False,
    ) -> IdTag:
        """Adds a new one; one that is known already raises `Changed`, with the one that is there as `current`."""
        fields = {
            "expires": expires,
            "parentIdTag": parentIdTag,
            "maxTransactions": maxTransactions,
            "blocked": blocked,
        }
        with changing(lambda: self.get(idTag)):
            return self._put(idTag, fields, {"If-None-Match": "*"})

    def update(self, tag: IdTag) -> IdTag:
        """Stores a tag that was read by `get`, saved or added, and then changed: `replace(tag, blocked=True)`.

        Raises `Changed` when somebody else has changed it since; `current` is how it is now.
        """
        fields = {name: getattr(tag, name) for name in ("expires", "parentIdTag", "maxTransactions", "blocked")}
        with changing(lambda: self.get(tag.idTag)):
            return self._put(tag.idTag, fields, {"If-Match": _etag(tag)})

    def remove(self, tag: IdTag | str) -> None:
        """Removes a tag; one that was read by `get` only if nobody has changed it since, else `Changed` is raised."""
        name, etag = (tag, "*") if isinstance(tag, str) else (tag.idTag, _etag(tag))
        with changing(lambda: self.get(name)):
            try:
                self._transport.call("DELETE", _path(name), headers={"If-Match": etag})
            except NotFound as error:
                if not error.repeated:
                    raise

    def export_csv(self) -> str:
        """All of them as CSV, in the columns that `import_csv` reads."""
        return self._transport.get("/id-tags.csv", headers={"Accept": "text/csv"}).content.decode()

    def import_csv(
        self,
        csv: str | bytes | Path,
        *,
        encoding: str | None = None,
        duplicates: Literal["refuse", "last"] | None = None,
        dryRun: bool | None = None,
    ) -> Imported:
        """Adds and changes tags from CSV, or from a file of such; all of them or, when a line is wrong, none.

        The first line names the columns: idTag, and any of expires, parentIdTag, maxTransactions, blocked (true or
        false). What there is no column for stays as it is, and so it does where the cell is empty. `encoding` is
        needed for bytes that are not UTF-8, such as cp1252. `Invalid` says which lines are wrong.
        """
        content = csv.read_bytes() if isinstance(csv, Path) else csv.encode() if isinstance(csv, str) else csv
        asked = query(encoding=encoding, duplicates=duplicates, dryRun=dryRun)
        headers = {"Content-Type": "text/csv"}
        reply = self._transport.call("POST", "/id-tags.csv", query=asked, body=content, headers=headers)
        return read(Imported, reply.object())

    def _put(self, idTag: str, fields: Json, headers: dict[str, str]) -> IdTag:
        reply = self._transport.call("PUT", _path(idTag), body=written(fields), headers=headers)
        return _tag(reply)


def _path(idTag: str) -> str:
    return f"/id-tags/{segment(idTag)}"


def _tag(reply: Reply) -> IdTag:
    return read(IdTag, reply.object(), etag=reply.headers.get("ETag"))


def _etag(tag: IdTag) -> str:
    if tag.etag is None:
        raise ValueError(f"read the tag {tag.idTag} by id_tags.get first; those of a list do not say their state")
    return tag.etag
