"""The tables of who may come in by the web API, and of who changed what."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from .columns import BigId, Document, Moment, Ordered, metadata

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Ordered, nullable=False, unique=True),
    Column("key", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("charge_points", Document),
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("last_used", Moment),
    Column("revoked", Moment),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Document),
    Column("after", Document),
    Column("request_id", Text),
    Index(None, "at", "id"),
    Index(None, "who", "at", "id"),
    Index(None, "subject", "at", "id"),
)
