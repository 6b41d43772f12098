"""The web API, /api/v1: what programs and pages read and decide. It knows HTTP and JSON, no SOAP and no SQL.

A resource is a module with a `Routes` table of functions from a `Call` to an `Answer`; `binding` alone knows the
library that checks questions and writes the OpenAPI document. Whatever changes something goes through the desk or the
commands of `central`, so that it is in the audit.
"""
