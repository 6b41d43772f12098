"""A transaction as a test holds it: the gateway's answer to its start."""

from __future__ import annotations

from typing import Any

from ..simulator import connectors


class Transaction(dict[str, Any]):
    """What StartTransaction was answered: transactionId and idTagInfo; empty as long as there is no answer.

    `simulated` is the station's own view of it: its meter, when it began and ended.
    """

    def __init__(self, simulated: connectors.Transaction) -> None:
        super().__init__()
        self.simulated = simulated
        self.catch_up()

    def catch_up(self) -> None:
        """Takes over an answer that has come meanwhile."""
        if self.simulated.transaction_id is not None:
            self.update(transactionId=self.simulated.transaction_id, idTagInfo=self.simulated.id_tag_info)


def played(tx: object) -> connectors.Transaction:
    """The station's own view of it; raises TypeError for what is no transaction, such as its bare transactionId."""
    if not isinstance(tx, Transaction):
        raise TypeError(f"expected what start() or wait_for_transaction() gave, found {tx!r}")
    return tx.simulated
