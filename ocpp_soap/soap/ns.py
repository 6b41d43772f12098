"""The namespaces and constant URIs of SOAP and WS-Addressing, and their names in lxml's spelling.

Nothing of OCPP is here: its namespaces come from the WSDLs.
"""

from __future__ import annotations

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
XML = "http://www.w3.org/XML/1998/namespace"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
WSDL = "http://schemas.xmlsoap.org/wsdl/"
WSDL_SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"

ANONYMOUS = f"{WSA}/anonymous"
NO_MESSAGE = f"{WSA}/unspecified"
"""What RelatesTo says when the request has no MessageID (WS-Addressing 1.0 core §3.2)."""
FAULT_ACTION = f"{WSA}/soap/fault"


def local(tag: object) -> str:
    """The local name of an lxml tag (`{namespace}name`); "" for a comment or a processing instruction."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(tag: object) -> str | None:
    """The namespace of an lxml tag, None when it has none."""
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else None
