"""An OCPP Central System for charge points that speak SOAP."""
