"""The versions of OCPP over SOAP as a table, and the services read from their WSDLs.

The only place, with `dialects`, where a version is named. It finds the WSDLs of the package, or an operator's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from ..errors import WsdlError
from . import wsdl
from .schema import Service
from .widening import widen

# Newest first: the newest one serves where a message does not say (soap-binding decision 1).
VERSIONS = ("1.6", "1.5", "1.2")

PACKAGED = Path(__file__).resolve().parent.parent / "wsdl"


@dataclass(frozen=True, slots=True)
class Version:
    """One version: the service a Central System offers and the one a Charge Point offers."""

    name: str
    central_system: Service
    charge_point: Service


@dataclass(frozen=True, slots=True)
class Catalog:
    """All versions, newest first, and the way from a namespace to a version."""

    versions: Mapping[str, Version]
    by_namespace: Mapping[str, Version] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        table = {s.namespace.rstrip("/"): v for v in self.versions.values() for s in (v.central_system, v.charge_point)}
        object.__setattr__(self, "by_namespace", table)

    @property
    def newest(self) -> Version:
        """The version that serves where a message does not say which."""
        return next(iter(self.versions.values()))

    def version_of(self, namespace: str | None) -> Version | None:
        """The version whose Cs or Cp namespace this is, with or without its trailing slash; None when unknown."""
        return self.by_namespace.get((namespace or "").rstrip("/"))


def load(wsdl_dir: Path | None = None) -> Catalog:
    """Reads each version's two WSDLs from `wsdl_dir/<version>/` (default: the package's own, once); raises `WsdlError`.

    A folder without one of the older versions serves the others; the newest one is what the handlers speak.
    """
    return _packaged() if wsdl_dir is None else _read(wsdl_dir)


@cache
def _packaged() -> Catalog:
    return _read(PACKAGED)


def _read(folder: Path) -> Catalog:
    if not folder.is_dir():
        raise WsdlError(f"there is no folder {folder} with the WSDLs")
    if not (folder / VERSIONS[0]).is_dir():
        raise WsdlError(f"{folder} has no folder {VERSIONS[0]}: put the WSDLs of the newest version there too")
    newest = _version(folder, VERSIONS[0])
    older = [_version(folder, name) for name in VERSIONS[1:] if (folder / name).is_dir()]
    found = (newest, *older)
    widened = (replace(one, central_system=widen(one.central_system, newest.central_system)) for one in found)
    return Catalog({version.name: version for version in widened})


def _version(folder: Path, name: str) -> Version:
    central, point = (
        wsdl.read(folder / name / f"{service}.wsdl", name) for service in ("CentralSystemService", "ChargePointService")
    )
    return Version(name, central, point)
