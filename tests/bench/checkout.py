"""Checks a revision out beside the work tree, for as long as it is compared with."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import PROJECT


class CheckoutError(Exception):
    """A revision that could not be checked out, in words."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A commit and the folder that holds its files."""

    title: str
    tree: Path


@contextmanager
def checked_out(revision: str) -> Iterator[Checkout]:
    """The commit in a git worktree of its own, which is gone afterwards, whatever happened."""
    title = _git(revision, "log", "-1", "--format=%h %s", "--end-of-options", f"{revision}^{{commit}}", "--")
    with tempfile.TemporaryDirectory(prefix="ocpp-bench-") as name:
        tree = Path(name).resolve() / "tree"
        try:
            _git(revision, "worktree", "add", "--detach", str(tree), title.partition(" ")[0])
            yield Checkout(title, tree)
        finally:
            if tree.exists():  # not where it could not be added
                _git(revision, "worktree", "remove", "--force", str(tree))


def _git(revision: str, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(PROJECT), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CheckoutError(
            f"--against {revision}: name a commit of this project's git; it says: {done.stderr.strip()}"
        )
    return done.stdout.strip()
