"""A campaign: cases for a bounded time, in small runs of hypothesis that each have a number; the first failure ends it.

It must not know what is sent, nor what is an answer.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import hypothesis
import hypothesis.errors
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from . import grammar, mutations, packing
from .cases import ANSWERS, GATEWAY, SOAP_TYPE, Case
from .luck import lucky
from .oracle import Violation
from .targets import GROWTH, MEBIBYTE, Target, forget, memory

# What has no answer after so many seconds hangs, however busy this machine is.
HANGS = 120.0

# How many cases a run has, the first of each kind fewer. Most are for the application, where one takes the least time.
CASES, FIRST = 100, 25
TURNS = ("grammar", "mutations", "grammar", "mutations", "answers", "socket")


def cases() -> dict[str, st.SearchStrategy[Case]]:
    """What each kind of run sends."""
    sources = mutations.messages()
    made, mutated = grammar.envelopes(), mutations.mutated(sources)
    operations = [(v.name, o) for v in grammar.versions().versions.values() for o in v.charge_point.operations.values()]
    types = st.sampled_from([SOAP_TYPE, *packing.TYPES])

    @st.composite
    def answers(draw: st.DrawFn) -> Case:
        version, operation = draw(st.sampled_from(operations))
        body = draw(st.one_of(grammar.envelopes(operation), mutated))
        return Case(ANSWERS, body, {"Content-Type": draw(types)}, f"{version}/{operation.name}")

    @st.composite
    def bytes_of(draw: st.DrawFn) -> Case:
        body = packing.request(draw(st.one_of(made, mutated)), draw(lucky()), draw(lucky())).wire()
        for change, a, b in draw(st.lists(CHANGES, max_size=3)):
            body = change(body, a, b)
        return Case(GATEWAY, body)

    return {
        "grammar": st.builds(packing.request, made, lucky(), lucky()),
        "mutations": st.builds(packing.request, mutated, lucky(), lucky()),
        "answers": answers(),
        "socket": bytes_of(),
    }


CHANGES = st.tuples(st.sampled_from(mutations.BYTES), mutations.NUMBERS, mutations.NUMBERS)


@dataclass
class Report:
    """What came of a campaign: `failed` is the smallest case that showed what `words` say, None when all went well."""

    seed: int
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    grown: dict[str, int] = field(default_factory=dict)
    failed: Case | None = None
    words: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing happened that must not."""
        return not self.words


def run(targets: Mapping[str, Target], seconds: float, seed: int, tell: Callable[[float, int], None]) -> Report:
    """Plays cases for so many seconds; `tell` hears now and then how many seconds and cases it has been."""
    report = Report(seed)
    begun, kinds, rounds = time.monotonic(), cases(), 0

    def play(case: Case) -> None:
        if rounds and time.monotonic() - begun > seconds and report.failed is None:
            return
        try:
            with _limited(HANGS):
                report.outcomes[case.target, targets[case.target].play(case)] += 1
        except Exception as error:
            # A target that raises, hangs or is gone has failed by this case like one that says so.
            named = str(error) if isinstance(error, Violation) else f"{type(error).__name__}: {error}"
            report.failed, report.words = case, named
            raise Violation(named) from error

    try:
        while not rounds or time.monotonic() - begun < seconds:
            for number, kind in enumerate(TURNS):
                of_its_own = (seed * 1_000_003 + rounds) * len(TURNS) + number
                _several(kinds[kind], play, of_its_own, CASES if rounds else FIRST)
                tell(min(time.monotonic() - begun, seconds), report.outcomes.total())
            if not rounds:  # everything has been in use
                before = forget("self")
            rounds += 1
        report.grown = {name: target.finish() for name, target in targets.items()}
        report.grown["this process"] = max(memory("self") - before, 0)
        for name, grown in report.grown.items():
            if grown > GROWTH:
                raise Violation(f"{name} has grown by {grown / MEBIBYTE:.0f} MiB")
    except Violation as violation:
        report.words = str(violation)
    except hypothesis.errors.Flaky:
        report.words += "\n(only after the cases before it: it did not happen again by itself)"
    except Exception as error:  # noqa: BLE001 whatever ends a campaign has a name
        report.words = f"{type(error).__name__}: {error}"
    return report


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raises `TimeoutError` in what takes longer, where this is the main thread."""

    def late(*_: object) -> None:
        raise TimeoutError(f"no answer within {seconds:g} s")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _several(cases: st.SearchStrategy[Case], play: Callable[[Case], None], seed: int, most: int) -> None:
    """One run of hypothesis, which makes a failing case smaller before it raises."""

    @hypothesis.seed(seed)
    @settings(
        max_examples=most,
        deadline=None,
        database=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(cases)
    def each(case: Case) -> None:
        play(case)

    each()
