"""The WSDLs, and what is read from them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ocpp_soap.errors import WsdlError
from ocpp_soap.protocol import catalog, wsdl
from ocpp_soap.protocol.schema import ComplexType, SimpleType

SERVICES = ("CentralSystemService", "ChargePointService")


@pytest.mark.parametrize("version", catalog.VERSIONS)
@pytest.mark.parametrize("service", SERVICES)
def test_contract_equals_the_official_one(shared: Path, version: str, service: str) -> None:
    """Our own WSDL and the official one can't be told apart on the wire."""
    official = shared / "official-wsdl" / version / f"{service}.wsdl"
    ours = catalog.PACKAGED / version / f"{service}.wsdl"
    tool = shared / "tools" / "wsdl_contract.py"
    done = subprocess.run([sys.executable, tool, official, ours], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout


def test_every_operation_is_read() -> None:
    """The newest version has ten operations from a station and nineteen to it."""
    newest = catalog.load().newest
    assert (10, 19) == (len(newest.central_system.operations), len(newest.charge_point.operations))


def test_a_field_has_its_type_order_and_occurrence() -> None:
    """StopTransaction is read as the schema orders it."""
    fields = catalog.load().newest.central_system.operations["StopTransaction"].input.type.fields
    expected = [
        ("transactionId", True, False),
        ("idTag", False, False),
        ("timestamp", True, False),
        ("meterStop", True, False),
        ("reason", False, False),
        ("transactionData", False, True),
    ]
    assert expected == [(f.name, f.required, f.many) for f in fields]
    assert isinstance(fields[1].type, SimpleType)
    assert 20 == fields[1].type.max_length
    assert isinstance(fields[5].type, ComplexType)


def test_a_namespace_gives_its_version_with_or_without_the_slash() -> None:
    """Stations leave the trailing slash out, as one table of the specification does."""
    loaded = catalog.load()
    namespace = loaded.newest.central_system.namespace
    assert loaded.newest is loaded.version_of(namespace)
    assert loaded.newest is loaded.version_of(namespace.rstrip("/"))
    assert loaded.version_of("urn://Ocpp/Cs/1999/01/") is None
    assert loaded.version_of(None) is None


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    source = (catalog.PACKAGED / catalog.VERSIONS[0] / "CentralSystemService.wsdl").read_text(encoding="utf-8")
    assert old in source
    path = tmp_path / "changed.wsdl"
    path.write_text(source.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<xsd:sequence>", "<xsd:choice/><xsd:sequence>"),
        ('<xsd:maxLength value="20"/>', '<xsd:pattern value="x"/>'),
        ("</wsdl:definitions>", ""),
        ("<wsdl:portType", "<wsdl:other"),
    ],
)
def test_what_is_not_understood_is_a_loud_error(tmp_path: Path, old: str, new: str) -> None:
    """An unknown construct is never silently lost."""
    path = _changed(tmp_path, old, new) if old in _source() else pytest.fail(f"no {old} to change")
    with pytest.raises(WsdlError):
        wsdl.read(path, "x")


def _source() -> str:
    return (catalog.PACKAGED / catalog.VERSIONS[0] / "CentralSystemService.wsdl").read_text(encoding="utf-8")


def test_a_folder_may_lack_the_older_versions(tmp_path: Path) -> None:
    """An operator's own copy holds what they have; the newest version must be there."""
    shutil.copytree(catalog.PACKAGED / catalog.VERSIONS[0], tmp_path / catalog.VERSIONS[0])
    assert catalog.VERSIONS[:1] == tuple(catalog.load(tmp_path).versions)
    shutil.copytree(catalog.PACKAGED / catalog.VERSIONS[-1], tmp_path / catalog.VERSIONS[-1])
    assert (catalog.VERSIONS[0], catalog.VERSIONS[-1]) == tuple(catalog.load(tmp_path).versions)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A wrong OCPP_SOAP_WSDL_DIR is told with its path."""
    with pytest.raises(WsdlError, match="nowhere"):
        catalog.load(tmp_path / "nowhere")
    shutil.copytree(catalog.PACKAGED / catalog.VERSIONS[-1], tmp_path / catalog.VERSIONS[-1])
    with pytest.raises(WsdlError, match=f"has no folder {catalog.VERSIONS[0]}: put the WSDLs of the newest version"):
        catalog.load(tmp_path)
    (tmp_path / catalog.VERSIONS[0]).mkdir()
    with pytest.raises(WsdlError, match=r"CentralSystemService\.wsdl"):
        catalog.load(tmp_path)
