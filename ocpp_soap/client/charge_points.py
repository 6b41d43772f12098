"""The charge points of the gateway: those that are registered, and stations that spoke without being so."""

from __future__ import annotations

from collections.abc import Iterator

from .models import ChargePointSummary, Portrait, Registration
from .reading import given, read
from .resources import Resource


class ChargePoints(Resource):
    """All charge points; `gateway.charge_point` is one."""

    def list(
        self,
        *,
        status: Registration | None = None,
        version: str | None = None,
        chargePointVendor: str | None = None,
        chargePointModel: str | None = None,
        prefix: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ChargePointSummary]:
        """Those that are registered, by identity; `prefix` is what their identities begin with."""
        return self._rows(
            "/charge-points",
            ChargePointSummary,
            limit,
            status=status,
            version=version,
            chargePointVendor=chargePointVendor,
            chargePointModel=chargePointModel,
            prefix=prefix,
        )

    def unregistered(self, *, limit: int | None = None) -> Iterator[ChargePointSummary]:
        """Stations that spoke without being registered, those heard last first; `register` lets one in."""
        return self._rows("/charge-points", ChargePointSummary, limit, registered=False)

    def register(
        self,
        chargeBoxIdentity: str,
        *,
        status: Registration = "Accepted",
        heartbeatInterval: int | None = None,
        callback: str | None = None,
    ) -> Portrait:
        """Registers a charge point, whether it has spoken or not; `Conflict` when it is registered already."""
        decided = {"status": status, "heartbeatInterval": heartbeatInterval, "callback": callback}
        body = given(chargeBoxIdentity=chargeBoxIdentity, **decided)
        reply = self._transport.call("POST", "/charge-points", body=body)
        return read(Portrait, reply.object(), etag=reply.headers.get("ETag"))
