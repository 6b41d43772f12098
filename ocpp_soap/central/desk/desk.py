"""The desk: all decisions together, with the tokens and the journal that somebody looks after there."""

from __future__ import annotations

from ..tokens import Tokens
from .charge_points import ChargePointDesk
from .tags import TagDesk
from .transactions import TransactionDesk


class Desk(ChargePointDesk, TagDesk, TransactionDesk):
    """Where somebody decides; who it is stands in its store (`audit.Audited`)."""

    @property
    def tokens(self) -> Tokens:
        """The tokens, which are made and revoked in his name too."""
        return Tokens(self.store, self.clock)
