"""What people install: the wheel and the sdist hold everything, and the command works far from the sources.

Everything happens on a copy of the project and without a network: what we depend on is lent by the running interpreter.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import PROJECT, missing

pytestmark = pytest.mark.xdist_group("packaging")

SECONDS = 120
# pyproject.toml says the same.
OLDEST_SETUPTOOLS = 77

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", ".coverage*", "__pycache__", "*.egg-info", "build", "dist", "*.db*"
)

WHERE = """
import json, ocpp_soap
from ocpp_soap.protocol import catalog
services = [s for v in catalog.load().versions.values() for s in (v.central_system, v.charge_point)]
print(json.dumps([ocpp_soap.__file__, *(str(service.path.resolve()) for service in services)]))
"""

PLUG_INS = """
import json
from importlib.metadata import entry_points
print(json.dumps([point.load().__module__ for point in entry_points(group="ocpp_soap.data_transfer")]))
"""

ALL_DOORS = """

def test_all_doors(gateway, charge_point, gateway_client):
    cp = charge_point()
    cp.boot()
    assert {"status": "Accepted"} == gateway_client.charge_point(cp.identity).clear_cache().wait(10).answer
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment with our package in it, and a folder that has nothing to do with the project."""

    folder: Path
    elsewhere: Path

    def run(self, program: str, *words: str) -> str:
        """What one of its programs prints; a failure ends the test with what it said."""
        return run([str(self.folder / "bin" / program), *words], self.elsewhere)

    def places(self) -> list[Path]:
        """Where the package that is imported lies, and each of its WSDLs."""
        return [Path(text) for text in json.loads(self.run("python", "-c", WHERE))]


def run(command: Sequence[str], folder: Path) -> str:
    """Runs a program as a user who has set nothing."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("OCPP_SOAP_", "PYTHON", "COVERAGE"))
    }
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert 0 == done.returncode, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project as a clone would have it, its link included."""
    found = importlib.metadata.version("setuptools") if importlib.util.find_spec("setuptools") else "0"
    if int(found.partition(".")[0]) < OLDEST_SETUPTOOLS or not importlib.util.find_spec("build"):
        missing(f"build and setuptools from {OLDEST_SETUPTOOLS} on are not installed; `make test` brings them")
    copy = tmp_path_factory.mktemp("project") / "source"
    shutil.copytree(PROJECT, copy, symlinks=True, ignore=LEFT_OUT)
    assert (copy / "ocpp_soap" / "wsdl").is_symlink()
    return copy


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist made from the copy, and the wheel made from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)], folder)
    return folder


def environment(folder: Path, *package: str) -> Environment:
    """A fresh environment with nothing of its own but our package; the rest is seen in the running one."""
    made = Environment(folder / "environment", folder / "elsewhere")
    made.elsewhere.mkdir(parents=True)
    venv.create(made.folder, symlinks=True)
    lent = Path(sysconfig.get_path("purelib", vars={"base": str(made.folder)})) / "lent.pth"
    theirs = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    lent.write_text("\n".join(theirs))
    python = str(made.folder / "bin" / "python")
    install = ["install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed", *package]
    run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, *install], made.elsewhere)
    return made


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel in it."""
    [wheel] = built.glob("*.whl")
    return environment(tmp_path_factory.mktemp("installed"), str(wheel))


def files(source: Path) -> set[str]:
    """Every file of the package, the WSDLs as if they lay in it; not what the copy's own programs have compiled."""
    package, wsdl = source / "ocpp_soap", source / "wsdl"
    found = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    own = {path.relative_to(source).as_posix() for path in found}
    return own | {f"ocpp_soap/wsdl/{path.relative_to(wsdl).as_posix()}" for path in wsdl.rglob("*.wsdl")}


def test_the_wheel_holds_the_whole_package_and_nothing_else(source: Path, built: Path) -> None:
    """Every file of the package is in it: WSDLs, migrations, templates, py.typed; tests are not."""
    [wheel] = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    about = {name for name in names if name.partition("/")[0].endswith(".dist-info")}
    assert files(source) == names - about
    assert {"ocpp_soap/py.typed", "ocpp_soap/web/templates/index.html"} <= names
    assert [name for name in names if name.endswith(".wsdl")]
    assert [name for name in names if "store/migrations/versions/" in name]


def test_the_sdist_holds_what_a_clone_has(source: Path, built: Path) -> None:
    """Who builds from it, or packs it for a distribution, misses nothing: not the tests, nor deploy/."""
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    beside = {path.relative_to(source).as_posix() for path in source.iterdir() if path.is_file()}
    below = {
        path.relative_to(source).as_posix()
        for part in ("deploy", "docs", "examples", "tests", "wsdl")
        for path in (source / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert set() == (files(source) | beside | below) - names - {".gitignore"}


def test_the_installed_wheel_works_from_another_folder(installed: Environment) -> None:
    """Nothing of the sources is needed: commands, the schema, the WSDLs, a gateway with a whole session."""
    assert [] == [path for path in installed.places() if not path.is_relative_to(installed.folder)]
    assert "charge-points" in installed.run("ocpp-soap", "--help")
    assert "is up to date" in installed.run("ocpp-soap", "migrate")
    assert ["ocpp_soap.db"] == [path.name for path in installed.elsewhere.iterdir()]
    findings = json.loads(installed.run("ocpp-soap", "check", "--offline", "--json"))
    assert {"ok"} == {finding["state"] for finding in findings if finding["subject"] in ("settings", "WSDLs", "store")}
    assert [] == json.loads(installed.run("ocpp-soap", "charge-points", "list", "--json"))
    assert "Local" == json.loads(installed.run("ocpp-soap", "demo", "--json"))["transaction"]["reason"]


def test_the_plug_ins_of_the_wheel_can_be_loaded(installed: Environment) -> None:
    """Its entry points name what is in it."""
    assert ["ocpp_soap.vendors.schneider_electric"] == json.loads(installed.run("python", "-c", PLUG_INS))


def test_the_first_test_of_the_readme_runs_with_the_wheel(installed: Environment) -> None:
    """As it stands there, by the plugin of the wheel; and one that opens all doors, each warning being an error."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    [first] = re.findall(r"^def test_boots\(.*?\n(?=```)", readme, re.DOTALL | re.MULTILINE)
    (installed.elsewhere / "test_first.py").write_text(first + ALL_DOORS)
    told = installed.run("python", "-m", "pytest", "-W", "error", "-p", "no:schemathesis", "-p", "no:xdist", "-q")
    assert "2 passed" in told


def test_an_editable_install_finds_the_wsdls_through_the_link(source: Path, tmp_path: Path) -> None:
    """`pip install -e` works on a clone, and what is edited in wsdl/ counts at once."""
    installed = environment(tmp_path, "--editable", str(source))
    package, *wsdls = installed.places()
    assert source / "ocpp_soap" / "__init__.py" == package
    assert {path.resolve() for path in (source / "wsdl").rglob("*.wsdl")} == set(wsdls)
    assert "is up to date" in installed.run("ocpp-soap", "migrate")


def test_what_the_documentation_installs_is_there() -> None:
    """No index has this package: guides and requirements name the checkout, which is where they say."""
    guides = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("examples/**/*.md")]
    assert [] == [guide.name for guide in guides if "pip install ocpp-soap" in guide.read_text(encoding="utf-8")]
    for requirements in PROJECT.glob("examples/*/requirements.txt"):
        lines = [line for line in requirements.read_text().splitlines() if not line.startswith("#")]
        assert (requirements.parent / lines[0] / "pyproject.toml").exists(), requirements
        assert "ocpp-soap" not in lines
