"""A charge point made of software: SOAP both ways on the gateway's own code, with real effects and faults on demand.

`charge_point` is what tests drive, `fleet` plays many of them; the other modules are their parts.
"""
