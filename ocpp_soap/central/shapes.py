"""Stored records as JSON, in the standard's words: what the command line prints and the web API answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from ..protocol.reading import INT_RANGE
from ..protocol.times import format_time
from .authentication import Access
from .confidential import answered_without_secrets, without_secrets
from .ledger import AuditEntry, Token
from .ports import Work
from .profile import Profile
from .records import Attempt, Batch, Command, Exchange, Flags, Json, Revision, Sample, Tag, Transaction
from .tag_file import TagImport
from .tag_status import judge


def shown(moment: datetime | None) -> str | None:
    """A time as JSON and tables show it."""
    return None if moment is None else format_time(moment)


def transaction_object(transaction: Transaction) -> Json:
    """A transaction as `transactions list --json` has it: null while open."""
    return {
        "transactionId": transaction.id,
        "chargeBoxIdentity": transaction.identity,
        "connectorId": transaction.connector_id,
        "idTag": transaction.id_tag,
        "meterStart": transaction.meter_start,
        "startTimestamp": format_time(transaction.start_timestamp),
        "meterStop": transaction.meter_stop,
        "stopTimestamp": shown(transaction.stop_timestamp),
        "reason": transaction.reason,
        "energy": transaction.energy,
        "idTagInfo": transaction.id_tag_info,
        "stopIdTag": transaction.stop_id_tag,
        "reservationId": transaction.reservation_id,
        "startReceived": format_time(transaction.start_received),
        "stopReceived": shown(transaction.stop_received),
        "closedBy": transaction.closed_by,
        "changed": format_time(transaction.changed),
        "flags": _flags(transaction),
    }


def transaction_details(work: Work, transaction: Transaction) -> Json:
    """What `transactions show` has besides: revisions, and the meter value that a closing would take."""
    last = work.transactions.last_energy(transaction.id) if transaction.closed_by is None else None
    return {
        "proposedMeterStop": None if last is None else in_wh(last),
        "revisions": [revision_object(revision) for revision in work.transactions.revisions(transaction.id)],
    }


def in_wh(sample: Sample) -> int | None:
    """A reading of an energy register as a whole number of Wh; None for what is no number."""
    try:
        value = Decimal(sample.value) * (1000 if sample.unit == "kWh" else 1)
        return round(value) if abs(value) < INT_RANGE.stop else None
    except (InvalidOperation, ValueError):
        return None


def revision_object(revision: Revision) -> Json:
    """What somebody changed of a transaction, and what stood there before."""
    return {
        "at": shown(revision.at),
        "actor": revision.actor,
        "action": revision.action,
        "reason": revision.reason,
        "note": revision.note,
        "before": revision.before,
    }


# What can be corrected: its name in JSON, and the field of a `Transaction`; those of an end need one.
STARTS = {"idTag": "id_tag", "meterStart": "meter_start", "startTimestamp": "start_timestamp"}
ENDS = {"meterStop": "meter_stop", "stopTimestamp": "stop_timestamp"}
CORRECTABLE = {**STARTS, **ENDS}


def revisable(transaction: Transaction) -> Json:
    """What a revision keeps of a transaction."""
    known = transaction_object(transaction)
    return {name: known[name] for name in (*CORRECTABLE, "reason", "stopIdTag", "closedBy", "flags")}


def _flags(transaction: Transaction) -> Flags:
    by_operator = transaction.closed_by == "operator"
    ends = [{**flag, "path": flag["path"] or "closed"} if by_operator else flag for flag in transaction.stop_flags]
    if transaction.superseded_by is not None and transaction.stop_timestamp is None:
        assumed = "ended unnoticed, since another transaction started on its connector"
        ends.append({"path": "superseded", "raw": str(transaction.superseded_by), "assumed": assumed})
    return [*transaction.start_flags, *ends]


def meter_values(samples: Sequence[Sample]) -> list[Json]:
    """Sampled values in the shape of the WSDL's meterValue, each once."""
    return [
        {"timestamp": format_time(values[0].timestamp), "sampledValue": [_sampled_value(value) for value in values]}
        for values in (list(group) for _, group in groupby(samples, key=lambda sample: sample.group))
    ]


def _sampled_value(sample: Sample) -> Json:
    value: dict[str, Any] = {
        "value": sample.value,
        "context": sample.context,
        "format": sample.format,
        "measurand": sample.measurand,
        "phase": sample.phase,
        "location": sample.location,
        "unit": sample.unit,
    }
    return {name: text for name, text in value.items() if text is not None}


def command_object(command: Command, plain: bool = False) -> Json:
    """A command as `send --json` has it; `outcome` is null until it is finished, and then its state.

    `plain`: with the secrets that it holds, those of its request until it has ended.
    """
    shows = plain and not command.is_finished
    return {
        "commandId": command.id,
        "chargeBoxIdentity": command.identity,
        "operation": command.operation,
        "request": command.request if shows else without_secrets(command.operation, command.request),
        "state": command.state,
        "outcome": command.state if command.is_finished else None,
        "answer": command.answer if plain else answered_without_secrets(command.operation, command.answer),
        "fault": command.fault,
        "error": command.error,
        "address": command.address,
        "created": shown(command.created),
        "sent": shown(command.sent),
        "finished": shown(command.finished),
        "transactionId": command.transaction_id,
        "when": command.when,
        "deadline": shown(command.deadline),
        "notBefore": shown(command.not_before),
        "attempts": command.attempts,
        "batchId": command.batch_id,
        "who": command.who,
    }


def batch_object(batch: Batch) -> Json:
    """A batch with the number of its commands in each state."""
    return {
        "batchId": batch.id,
        "operation": batch.operation,
        "request": without_secrets(batch.operation, batch.request),
        "who": batch.who,
        "created": shown(batch.created),
        "total": batch.total,
        "finished": batch.is_finished,
        "states": batch.states,
    }


def tag_object(tag: Tag, now: datetime) -> Json:
    """An idTag, with what a station is told of it now."""
    return {
        "idTag": tag.id_tag,
        "status": judge(tag, now)["status"],
        "expires": shown(tag.expires),
        "parentIdTag": tag.parent,
        "maxTransactions": tag.max_transactions,
        "blocked": tag.blocked,
    }


def import_object(done: TagImport, notes: Sequence[str]) -> Json:
    """What an import of tags did, or, by a dry run, would do: each changed tag with its fields before and after."""
    return {
        "added": done.added,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "notes": list(notes),
        "changes": [
            {
                "line": change.line,
                "idTag": change.after.id_tag,
                "before": None if change.before is None else _imported(change.before),
                "after": _imported(change.after),
            }
            for change in done.changes
        ],
    }


def _imported(tag: Tag) -> Json:
    fields = {"expires": shown(tag.expires), "parentIdTag": tag.parent, "maxTransactions": tag.max_transactions}
    return {**fields, "blocked": tag.blocked}


def exchange_object(exchange: Exchange) -> Json:
    """A row of the journal, its messages as text."""
    return {
        "id": exchange.id,
        "at": shown(exchange.at),
        "direction": exchange.direction,
        "chargeBoxIdentity": exchange.identity,
        "operation": exchange.operation,
        "version": exchange.version,
        "peer": exchange.peer,
        "milliseconds": round(exchange.duration * 1000, 1),
        "outcome": exchange.outcome,
        "flags": exchange.flags,
        "requestId": exchange.request_id,
        "request": _text(exchange.request),
        "answer": _text(exchange.answer),
    }


def _text(message: bytes | None) -> str | None:
    return None if message is None else message.decode("utf-8", "backslashreplace")


ATTEMPT = ("chargeBoxIdentity", "peer", "reason", "first", "last", "count")


def attempt_object(attempt: Attempt) -> Json:
    """Failed authentications of one identity from one address."""
    return dict(zip(ATTEMPT, (shown(v) if isinstance(v, datetime) else v for v in astuple(attempt)), strict=True))


def token_object(token: Token) -> Json:
    """What there is to know of a token; never the token itself."""
    return {
        "name": token.name,
        "scope": token.scope,
        "chargePoints": None if token.charge_points is None else list(token.charge_points),
        "created": shown(token.created),
        "expires": shown(token.expires),
        "lastUsed": shown(token.last_used),
        "revoked": shown(token.revoked),
    }


def audit_object(entry: AuditEntry) -> Json:
    """A row of the audit."""
    return {
        "id": entry.id,
        "at": shown(entry.at),
        "who": entry.who,
        "what": entry.what,
        "subject": entry.subject,
        "before": entry.before,
        "after": entry.after,
        "requestId": entry.request_id,
    }


def access_object(access: Access) -> Json:
    """What is set, without the digests."""
    return {
        "networks": list(access.networks),
        "secret": access.secret is not None,
        "password": access.password is not None,
        "user": access.user,
        "certificate": access.certificate,
    }


def profile_object(profile: Profile) -> Json:
    """The profile with the names that its options have in JSON."""
    return {_camel(name): value for name, value in asdict(profile).items()}


def _camel(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(word.capitalize() for word in more)
