"""The WSGI application for any server: `ocpp_soap.wsgi:application`, configured by OCPP_SOAP_* in the environment."""

from __future__ import annotations

from .bootstrap import Gateway
from .settings import Settings

gateway = Gateway(Settings.from_environment())
application = gateway.application
