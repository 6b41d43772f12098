"""The one door to Spyne, which does not import on Python 3.12 and later without help.

Spyne 2.14 carries a copy of `six` whose import hook those versions no longer call; the real `six` stands in for it
before anything of Spyne is imported. Python 3.13 needs `legacy-cgi` installed besides. Nothing else may import Spyne.
"""

from __future__ import annotations

import importlib
import sys

for _name in ("moves", "moves.collections_abc", "moves.http_cookies", "moves.urllib"):
    sys.modules.setdefault(f"spyne.util.six.{_name}", importlib.import_module(f"six.{_name}"))
for _name in ("error", "parse", "request"):
    sys.modules.setdefault(f"spyne.util.six.moves.urllib.{_name}", importlib.import_module(f"six.moves.urllib.{_name}"))

from spyne import Application, ComplexModel, MethodContext, Service, Unicode, XmlAttribute, XmlData, rpc  # noqa: E402
from spyne.protocol.soap import Soap12  # noqa: E402
from spyne.server import ServerBase  # noqa: E402
from spyne.util.appreg import applications  # noqa: E402

# Nothing asks that hook any more, and Python 3.11 warns of it wherever a module is looked for and not found.
sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != "spyne.util.six"]

__all__ = [
    "Application",
    "ComplexModel",
    "MethodContext",
    "ServerBase",
    "Service",
    "Soap12",
    "Unicode",
    "XmlAttribute",
    "XmlData",
    "applications",
    "rpc",
]
