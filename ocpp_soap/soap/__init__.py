"""How OCPP is spelled on the wire: SOAP, WS-Addressing, HTTP bodies. Knows protocol and central; no store, no web."""
