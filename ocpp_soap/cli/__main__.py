"""`python -m ocpp_soap.cli` is `ocpp-soap`, for where the script is not on the path."""

from __future__ import annotations

from .main import main

if __name__ == "__main__":
    main()
