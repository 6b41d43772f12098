"""What operators decide, once for the command line and the web API; each decision is one transaction and is audited."""

from .desk import Desk

__all__ = ["Desk"]
