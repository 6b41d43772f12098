"""Leases of the jobs that one process at a time does, among all processes and hosts that share the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, or_
from sqlalchemy.dialects.postgresql import insert as upsert

from .repository import Repository
from .tables import job_leases

L = job_leases.c

_LEASE = upsert(job_leases)
LEASE = _LEASE.on_conflict_do_update(
    index_elements=["job"],
    set_={"holder": _LEASE.excluded.holder, "until": _LEASE.excluded.until},
    where=or_(L.until <= bindparam("now", type_=L.until.type), L.holder == _LEASE.excluded.holder),
).returning(L.job)
RELEASE = job_leases.delete().where(L.job == bindparam("job_name"), L.holder == bindparam("given_to"))


class SqlJobs(Repository):
    """Implements `central.exchanges.Jobs`."""

    __slots__ = ()

    def lease(self, job: str, holder: str, now: datetime, until: datetime) -> bool:
        """Takes or prolongs the lease of that job; False while another holder has it."""
        values = {"job": job, "holder": holder, "until": until, "now": now}
        return self._run(LEASE, values).first() is not None

    def release(self, job: str, holder: str) -> None:
        """Gives the lease back, when it is still this holder's."""
        self._run(RELEASE, {"job_name": job, "given_to": holder})
