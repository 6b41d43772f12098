"""What a page of a list costs in a store with much in it, against one with little: over HTTP, and by the command line.

Both gateways are asked by turns, one question at a time; the ratio is the result.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import requests

from ocpp_soap.bootstrap import now
from ocpp_soap.central.tokens import Tokens
from ocpp_soap.store.work import open_store
from tests.e2e import gateway

from . import questions, seed, servers
from .bulk import DAY
from .questions import Question
from .sheets import Sheet, measured, write

MARK = "bench-pages"
NAMES = ("little", "much")
# Questions of the web API in a round; those of the command line, which mostly starts Python.
ASKED, ASKED_BY_COMMAND = 15, 1
# A restricted token is for so many charge points.
SEEN = 20


class PagesError(Exception):
    """A page that could not be had, in words."""


@dataclass(frozen=True, slots=True)
class Line:
    """One question on one database: the rows of the answers, and the milliseconds that each took, by store."""

    database: str
    name: str
    rows: Sequence[int]
    times: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    @property
    def ratio(self) -> float:
        """The median of the time in the store with much, as a share of the median in the other."""
        little, much = map(statistics.median, self.times)
        return much / little

    def as_dict(self) -> Mapping[str, Any]:
        """For JSON."""
        sides = [
            {"rows": rows, "median": statistics.median(times), "lowest": min(times), "highest": max(times)}
            for rows, times in zip(self.rows, self.times, strict=True)
        ]
        return {
            "database": self.database,
            "question": self.name,
            **dict(zip(NAMES, sides, strict=True)),
            "ratio": self.ratio,
        }

    def cells(self) -> Sequence[str]:
        """For a table."""
        rows = "/".join(map(str, dict.fromkeys(self.rows)))
        return self.name, rows, *(f"{statistics.median(times):.1f}" for times in self.times), f"{self.ratio:.2f}"


class Asked(NamedTuple):
    """A gateway and what its store has been asked: `tokens` are for all and for some charge points."""

    gateway: gateway.Gateway
    tokens: tuple[str, str]
    questions: Sequence[Question]


def measure(database: str, sizes: Sequence[seed.Size], rounds: int, tell: Callable[[str, float], object]) -> list[Line]:
    """A line for each question; `tell` takes what is being done, and the share of all that it was."""
    with tempfile.TemporaryDirectory(prefix="ocpp-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        urls = stack.enter_context(servers.databases(database, folder, NAMES))
        for url, size in zip(urls, sizes, strict=True):
            _seed(url, size, lambda count: tell("seeding", 0.5 * count / sum(s.transactions for s in sizes)))
        sides = [stack.enter_context(_asked(folder / side, url)) for side, url in zip(NAMES, urls, strict=True)]
        lines: list[Line] = []
        pairs = list(zip(*(side.questions for side in sides), strict=True))
        with requests.Session() as session:
            for pair in pairs:
                lines.append(_line(database, session, sides, pair, rounds))
                tell(pair[0].name, 0.5 / len(pairs))
    return lines


def _seed(url: str, size: seed.Size, tell: Callable[[int], object]) -> None:
    store = open_store(url)
    today = int(time.time()) // DAY * DAY
    seed.seed(store, size, today, 1, False, tell)
    store.close()


@contextmanager
def _asked(folder: Path, url: str) -> Iterator[Asked]:
    store = open_store(url)
    known = questions.known(store, SEEN)
    tokens = Tokens(store, now)
    everything, some = tokens.create("all", "admin", None, None), tokens.create("some", "admin", known.seen, None)
    store.close()
    with gateway.running(folder, url, program=gateway.PROGRAM) as running:
        yield Asked(running, (everything[1], some[1]), questions.questions(known))


def _line(
    database: str, session: requests.Session, sides: Sequence[Asked], pair: Sequence[Question], rounds: int
) -> Line:
    asking = _by_command if pair[0].command else _by_http
    rows = [asking(session, side, question)[0] for side, question in zip(sides, pair, strict=True)]
    line = Line(database, pair[0].name, rows)
    for number in range(rounds * (ASKED_BY_COMMAND if pair[0].command else ASKED)):
        for side in (0, 1) if number % 2 else (1, 0):
            line.times[side].append(asking(session, sides[side], pair[side])[1])
    return line


def _by_http(session: requests.Session, side: Asked, question: Question) -> tuple[int, float]:
    """The rows of the answer, and the milliseconds that it took."""
    url = side.gateway.url.removesuffix("/ocpp") + questions.ROOT + question.path
    headers = {"Authorization": f"Bearer {side.tokens[question.restricted]}"}
    started = time.perf_counter()
    answer = session.get(url, params=question.query, headers=headers, timeout=300)
    taken = 1000 * (time.perf_counter() - started)
    if answer.status_code != 200:
        raise PagesError(f"{question.name}: {answer.url} gave {answer.status_code} {answer.text[:500]}")
    told = answer.json()
    return len(told["items"]) if "items" in told else 1, taken


def _by_command(_: requests.Session, side: Asked, question: Question) -> tuple[int, float]:
    started = time.perf_counter()
    done = side.gateway.run(*question.command, "--json")
    taken = 1000 * (time.perf_counter() - started)
    told = json.loads(done.stdout)
    return len(told) if isinstance(told, list) else 1, taken


def sheets(lines: Sequence[Line], sizes: Sequence[seed.Size]) -> list[Sheet]:
    """One per database, with every question."""
    headings = ("question", "rows", *_sides(sizes), "ratio")
    return [
        Sheet(database, database, headings, [line.cells() for line in own], wide=headings[:1])
        for database, own in _by(lines, lambda line: line.database)
    ]


def summaries(lines: Sequence[Line], sizes: Sequence[seed.Size]) -> list[Sheet]:
    """One per database, with a line for the questions of each list."""
    headings = ("list", "questions", *_sides(sizes), "ratio", "highest", "of")
    return [
        Sheet(
            database,
            database,
            headings,
            [_summary(name, of_list) for name, of_list in (*_by(own, _list), ("all", own))],
        )
        for database, own in _by(lines, lambda line: line.database)
    ]


def _sides(sizes: Sequence[seed.Size]) -> Iterator[str]:
    return (f"ms at {size.transactions:,}" for size in sizes)


def _by(lines: Sequence[Line], what: Callable[[Line], str]) -> list[tuple[str, list[Line]]]:
    return [(key, [line for line in lines if what(line) == key]) for key in dict.fromkeys(map(what, lines))]


def _list(line: Line) -> str:
    return line.name.split("?")[0].split("/")[0].split(" ")[0]


def _summary(name: str, lines: Sequence[Line]) -> Sequence[str]:
    middles = [statistics.median(statistics.median(line.times[side]) for line in lines) for side in (0, 1)]
    worst = max(lines, key=lambda line: line.ratio)
    asked = worst.name.removeprefix(name).strip() or "first page"
    ratio = statistics.median(line.ratio for line in lines)
    return name, str(len(lines)), *(f"{middle:.1f}" for middle in middles), f"{ratio:.2f}", f"{worst.ratio:.2f}", asked


def put(lines: Sequence[Line], sizes: Sequence[seed.Size], command: str, rounds: int, file: Path) -> None:
    """Puts the tables into README.md."""
    little, much = (f"{size.transactions:,} transactions of {size.charge_points:,} charge points" for size in sizes)
    words = (
        f"{measured(command)} medians of {rounds * ASKED} questions each ({rounds * ASKED_BY_COMMAND} by the "
        f"command line), asked one by one, by turns of a gateway with {little} and of one with {much}. Pages of "
        f"{questions.LIMIT} rows; deep is in the middle of the list; restricted is a token for {SEEN} charge "
        "points. Of each list: medians of its questions, and the question with the highest ratio."
    )
    write(file, MARK, words, summaries(lines, sizes))
