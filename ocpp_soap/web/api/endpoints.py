"""An endpoint of the API: a function from a `Call` to an `Answer`, and the row that says what it takes and gives.

A resource's module fills a `Routes` table; nothing here knows Flask, nor the library behind `binding`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from marshmallow import Schema

from ...central.pages import Only, Page, Position
from ...central.records import ChargePoint, Json
from ...central.tokens import scope_covers
from ...errors import NotFound
from ..auth import must_see_all
from . import paging
from .etags import must_match, tag_of
from .fields import Query
from .problems import Wrong, unfit

if TYPE_CHECKING:
    from ...central.desk import Desk
    from ...central.ledger import Token
    from ...central.ports import Work
    from .office import Office

ROOT = "/api/v1"
STATION = "/charge-points/<segment:identity>"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: an object, the parts of a text that is none, or nothing."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, and what of; `query`, `body` and `headers` are checked as the endpoint's row says.

    `where` is its path, `asked` the parameters of the query as they were spelled.
    """

    office: Office
    token: Token
    where: str
    asked: Sequence[tuple[str, str]]
    path: Mapping[str, Any]
    query: Json = field(default_factory=dict)
    body: Any = None
    headers: Json = field(default_factory=dict)

    @property
    def who(self) -> str:
        """Whom the audit names."""
        return self.token.who

    @property
    def desk(self) -> Desk:
        """Where the caller decides something."""
        return self.office.desk(self.who)

    @property
    def only(self) -> Only:
        """The charge points that the caller may see; None: all."""
        return None if self.token.charge_points is None else frozenset(self.token.charge_points)

    def may_see(self, identity: str) -> bool:
        """Whether a charge point, spelled as it is registered, belongs to what the caller may see."""
        return self.only is None or identity in self.only

    def may(self, scope: str) -> bool:
        """Whether the caller's token covers that scope."""
        return scope_covers(self.token.scope, scope)

    def must_see_all(self) -> None:
        """Raises `Trouble` (403) for a token that is for some charge points alone."""
        must_see_all(self.token)

    def must_not_choose(self, name: str) -> None:
        """Raises `Trouble` (422) for a filter beside one that leaves none to choose."""
        others = [one for one in self.query if one not in (name, "limit", "cursor")]
        if others:
            raise unfit(Wrong(f"?{one}", f"it can't be given with {name}=false") for one in others)

    def station(self, work: Work, identity: str | None = None) -> ChargePoint:
        """The registered charge point of that identity, by default of the path's.

        Raises `NotFound`, also for one that the caller may not see.
        """
        name = self.path["identity"] if identity is None else identity
        point = work.charge_points.find(name)
        if point is None or not self.may_see(point.identity):
            raise NotFound(f"there is no charge point {name!r}")
        return point

    @property
    def after(self) -> Position | None:
        """Where the page begins, as the cursor says."""
        cursor = self.query.get("cursor")
        return None if cursor is None else paging.position_in(cursor, self._listed)

    def page(self, page: Page[T], shape: Callable[[T], Json]) -> Answer:
        """The answer with the rows of a page."""
        rows = [shape(row) for row in page.rows]
        if page.next is None:
            return Answer({"items": rows, "next": None})
        cursor = paging.cursor_of(page.next, self._listed)
        link = paging.next_link(self.where, list(self.asked), cursor)
        return Answer({"items": rows, "next": cursor}, headers={"Link": link})

    def whole(self, rows: Sequence[Json]) -> Answer:
        """The answer with a list that is never long, in the shape of a page."""
        return Answer({"items": list(rows), "next": None})

    @property
    def _listed(self) -> str:
        return paging.listed(self.where, self.query)

    def must_match(self, decided: Any) -> None:
        """Raises `Trouble` unless the caller has seen this state of what he changes."""
        must_match(self.headers.get("if_match"), decided)


def tagged(body: Json, decided: Any, status: int = 200, **headers: str) -> Answer:
    """An answer with the ETag of what operators decide."""
    return Answer(body, status, {"ETag": tag_of(decided), **headers})


View = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row: the view, its place, who may call it, what it takes and what it answers.

    `whole`: not for tokens that are restricted to some charge points. `takes` documents a body that the view reads
    itself, of up to `longest` bytes where that is more than others may have. `gives` are the answers {status: schema},
    which show the headers `shows` and are of the type `answers_as`; `tells` are the errors beside those that all have.
    """

    method: str
    path: str
    view: View
    name: str
    about: str
    scope: str
    whole: bool = False
    query: type[Schema] = Query
    body: type[Schema] | None = None
    headers: type[Schema] | None = None
    takes: Mapping[str, Any] | None = None
    gives: Mapping[int, Any] = field(default_factory=dict)
    shows: Collection[str] = ()
    tells: Collection[int] = ()
    longest: int = 0
    answers_as: str = "application/json"


class Routes:
    """The endpoints of one resource."""

    def __init__(self, name: str, about: str) -> None:
        self.name, self.about = name, about
        self.endpoints: list[Endpoint] = []

    def add(self, method: str, path: str, scope: str = "read", **row: Any) -> Callable[[View], View]:
        """Enters a view; its docstring is what the documents say of it."""

        def enter(view: View) -> View:
            name = row.pop("name", None) or view.__name__.strip("_")
            about = row.pop("about", None) or view.__doc__ or ""
            self.endpoints.append(Endpoint(method, path, view, name, about, scope, **row))
            return view

        return enter
