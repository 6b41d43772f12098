"""For those who start gunicorn themselves: `ocpp-soap migrate && gunicorn -c deploy/gunicorn.conf.py`.

`ocpp-soap serve` needs no such file. What is set, and why, stands in ocpp_soap/serving.py.
"""

from __future__ import annotations

from ocpp_soap.serving import options
from ocpp_soap.settings import Settings

bind = "127.0.0.1:8180"
wsgi_app = "ocpp_soap.wsgi:application"
globals().update(options(Settings.from_environment()))
