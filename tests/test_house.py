"""The rules of the house, executed: sizes, names, docstrings, imports, and what happens at import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.conftest import PROJECT, need

PACKAGE = PROJECT / "ocpp_soap"
TESTS = PROJECT / "tests"

LONGEST_MODULE, LONGEST_FUNCTION = 400, 40
BANNED_NAME = re.compile(r"_?(util|common|helper|base|manager)s?")

# Where a version may decide something; and Alembic's own places, whose names and functions it prescribes.
KNOWS_VERSIONS = ("ocpp_soap/protocol/catalog.py", "ocpp_soap/protocol/dialects", "ocpp_soap/wsdl/", "tests/wire/")
MIGRATIONS = "ocpp_soap/store/migrations/"
# SOAP has a version of the same number.
SOAP_VERSIONS = "ocpp_soap/soap/ns.py"
VERSION_IN_NAME = re.compile(
    r"(?:^|[^a-z0-9])v1[._]?[256](?![0-9])|ocpp[-_.]?1[._]?[256](?![0-9])|(?<![0-9.])1\.[256](?![0-9.])", re.I
)
VERSION_IN_TEXT = re.compile(
    r"^v?1\.[256][-_ ]?[SJ]?$|^v1_?[256]$|ocpp[-_. ]?v?1[._]?[256](?![0-9])|2015/10|2012/06|2010/08", re.I
)
HELP = {"help", "short_help", "epilog"}

# A call of one of these in the body of a module or a class does something at import.
ACTS = {
    "create_engine",
    "Flask",
    "open",
    "getenv",
    "read_text",
    "read_bytes",
    "write_text",
    "connect",
    "mkdir",
    "run",
    "Popen",
}
MAY_ACT = ("ocpp_soap/wsgi.py", "ocpp_soap/__main__.py", f"{MIGRATIONS}env.py")

IMPORT_EVERYTHING = """
import importlib, sys
from pathlib import Path

def watch(event, arguments):
    acts = event in {"socket.bind", "socket.connect", "sqlite3.connect", "subprocess.Popen"}
    if acts or event == "open" and not str(arguments[0]).endswith((".py", ".pyc")):
        frame = sys._getframe(1)
        while frame and "importlib" not in frame.f_code.co_filename:  # past an import it is another's doing
            if "ocpp_soap" in Path(frame.f_code.co_filename).parts:
                print(f"{frame.f_code.co_filename}:{frame.f_lineno} {event} {arguments[0]}")
                return
            frame = frame.f_back

sys.addaudithook(watch)
for module in sys.argv[1:]:
    importlib.import_module(module)
"""


@cache
def sources(folder: Path) -> list[tuple[str, ast.Module]]:
    """Every Python file below a folder: its path inside the project and its tree."""
    paths = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    return [(path.relative_to(PROJECT).as_posix(), ast.parse(path.read_bytes(), str(path))) for path in paths]


def package() -> list[tuple[str, ast.Module]]:
    """Every module of ocpp_soap."""
    return sources(PACKAGE)


def everything() -> list[tuple[str, ast.Module]]:
    """Every module of ocpp_soap and of the tests."""
    return sources(PACKAGE) + sources(TESTS)


def at_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """What runs when a module is imported: everything but the bodies of functions and lambdas."""
    nodes: list[ast.AST] = list(body)
    while nodes:
        node = nodes.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes += [*node.decorator_list, *node.args.defaults]
        elif not isinstance(node, ast.Lambda):
            nodes += ast.iter_child_nodes(node)


def called(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function, however deep."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The public functions and classes of a body."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a module gives or uses, with its line."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            if isinstance(name := getattr(node, field, None), str):
                yield getattr(node, "lineno", 0), name


def prose(tree: ast.AST) -> set[int]:
    """The ids of the text nodes that people read: docstrings and help texts."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
        elif isinstance(node, ast.keyword) and node.arg in HELP:
            found |= {id(part) for part in ast.walk(node.value)}
    return found


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    """A module has 300 lines at most."""
    lengths = {where: len((PROJECT / where).read_text().splitlines()) for where, _ in everything()}
    assert {} == {where: lines for where, lines in lengths.items() if lines > LONGEST_MODULE}


def test_no_function_is_longer_than_a_screen() -> None:
    """A function has 40 lines at most, its docstring and decorators counted."""
    lengths = {
        f"{where}:{f.lineno} {f.name}": (f.end_lineno or 0) - f.lineno + 1
        for where, t in everything()
        for f in functions(t)
    }
    assert {} == {where: lines for where, lines in lengths.items() if lines > LONGEST_FUNCTION}


def test_every_room_is_named_after_its_purpose() -> None:
    """No module or folder is called utils, common, helpers, base or manager."""
    assert [] == [
        where for where, _ in everything() if any(BANNED_NAME.fullmatch(Path(p).stem) for p in Path(where).parts)
    ]


def test_an_init_holds_a_docstring_imports_or_a_table_and_no_code() -> None:
    """An __init__ has no function, class, loop or condition, but for imports that only a checker of types sees."""
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    inits = [(where, tree) for where, tree in everything() if where.endswith("__init__.py")]
    assert [] == [
        f"{where}:{node.lineno}"
        for where, tree in inits
        for node in tree.body
        if not isinstance(node, allowed)
        and not (isinstance(node, ast.If) and "TYPE_CHECKING" == ast.unparse(node.test))
    ]


def test_no_name_knows_a_version_outside_the_catalog_and_the_dialects() -> None:
    """No file, module, function or variable is named after a version of OCPP."""
    trees = [(where, tree) for where, tree in everything() if not where.startswith(KNOWS_VERSIONS)]
    found = [
        f"{where}:{line} {name}" for where, tree in trees for line, name in names(tree) if VERSION_IN_NAME.search(name)
    ]
    files = [path.relative_to(PROJECT).as_posix() for top in (PACKAGE, TESTS) for path in top.rglob("*")]
    known = (*KNOWS_VERSIONS, "ocpp_soap/wsdl", "tests/wire")
    assert [] == found + [file for file in files if not file.startswith(known) and VERSION_IN_NAME.search(file)]


def test_no_text_in_the_code_decides_by_a_version_outside_the_catalog_and_the_dialects() -> None:
    """No literal of the package is a version or a part of its namespaces; docstrings and help texts may name them."""
    found = []
    for where, tree in package():
        if where.startswith((*KNOWS_VERSIONS, SOAP_VERSIONS)):
            continue
        read_by_people = prose(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in read_by_people:
                found += [f"{where}:{node.lineno} {node.value!r}"] if VERSION_IN_TEXT.search(node.value) else []
    assert [] == found


def test_every_module_says_what_it_is_for() -> None:
    """A module begins with a docstring."""
    assert [] == [where for where, tree in everything() if not ast.get_docstring(tree)]


def test_everything_public_is_documented() -> None:
    """A public function or class has a docstring; methods whose class explains them need none."""
    trees = [(where, tree) for where, tree in package() if not where.startswith(MIGRATIONS)]
    assert [] == [
        f"{where} {node.name}" for where, tree in trees for node in public(tree.body) if not ast.get_docstring(node)
    ]


def test_everything_is_annotated() -> None:
    """A function names the type of each argument and of what it returns."""
    found = []
    for where, tree in everything():
        for function in functions(tree):
            a = function.args
            taken = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
            bare = [arg.arg for arg in taken if arg.annotation is None and arg.arg not in ("self", "cls")]
            found += [f"{where}:{function.lineno} {name}" for name in bare + ["return"] * (function.returns is None)]
    assert [] == found


def test_every_test_states_its_promise() -> None:
    """A test says in its docstring what it promises."""
    tests = [(where, f) for where, tree in sources(TESTS) for f in functions(tree) if f.name.startswith("test_")]
    assert [] == [f"{where} {f.name}" for where, f in tests if not ast.get_docstring(f)]


def test_only_the_settings_read_the_environment() -> None:
    """Outside settings.py nobody looks at os.environ."""
    trees = [(where, tree) for where, tree in package() if where != "ocpp_soap/settings.py"]
    read = {"environ", "environb", "getenv"}
    assert [] == [f"{where}:{line}" for where, tree in trees for line, name in names(tree) if name in read]


def test_no_module_is_written_to_act_at_import() -> None:
    """No engine, application, file or process is made in the body of a module, save in wsgi.py."""
    trees = [(where, tree) for where, tree in package() if where not in MAY_ACT]
    calls = [(where, node) for where, tree in trees for node in at_import(tree.body) if isinstance(node, ast.Call)]
    assert [] == [f"{where}:{call.lineno} {called(call)}" for where, call in calls if called(call) in ACTS]


def test_importing_every_module_touches_no_file_network_database_or_process() -> None:
    """Importing does nothing, as the interpreter itself sees it."""
    modules = [
        where.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for where, _ in package()
        if where not in MAY_ACT
    ]
    command = [sys.executable, "-W", "ignore", "-c", IMPORT_EVERYTHING, *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    assert (0, "") == (done.returncode, done.stdout), done.stderr


def test_nothing_imports_against_the_order_of_the_house() -> None:
    """The contracts in setup.cfg are kept."""
    done = subprocess.run(
        [need("lint-imports"), "--no-logo", "--no-cache"], capture_output=True, text=True, check=False, cwd=PROJECT
    )
    assert 0 == done.returncode, done.stdout + done.stderr
