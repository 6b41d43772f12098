"""The messages of the bench, with places that the load generator fills anew for each request.

`{identity}`, `{connector}`, `{tag}`, `{time}`, `{meter}`, `{transaction}` and `{number}` (never the same twice). The
namespace and the action come from the catalog.
"""

from __future__ import annotations

from pathlib import Path

from ocpp_soap.protocol.schema import Service

STATIONS = 200
TAG = "BENCH-{:04}"

ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://www.w3.org/2005/08/addressing" \
xmlns:cs="$namespace"><soap:Header><cs:chargeBoxIdentity soap:mustUnderstand="true">{identity}</cs:chargeBoxIdentity>\
<wsa:Action soap:mustUnderstand="true">$action</wsa:Action><wsa:MessageID>urn:bench:{number}</wsa:MessageID>\
<wsa:From><wsa:Address>http://10.9.8.7:8080/{identity}</wsa:Address></wsa:From>\
<wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>\
<wsa:To>http://127.0.0.1/ocpp</wsa:To></soap:Header><soap:Body>$body</soap:Body></soap:Envelope>"""

# One meterValue with four values, as SteVe's own stress test sends it.
SAMPLES = (
    ("{meter}", "Energy.Active.Import.Register", "Wh"),
    ("11040.5", "Power.Active.Import", "W"),
    ("16.1", "Current.Import", "A"),
    ("229.8", "Voltage", "V"),
)
SAMPLED = "".join(
    f"<cs:sampledValue><cs:value>{value}</cs:value><cs:context>Sample.Periodic</cs:context>"
    f"<cs:measurand>{measurand}</cs:measurand><cs:unit>{unit}</cs:unit></cs:sampledValue>"
    for value, measurand, unit in SAMPLES
)

FIELDS = {
    "Heartbeat": "",
    "StatusNotification": "<cs:connectorId>{connector}</cs:connectorId><cs:status>Available</cs:status>"
    "<cs:errorCode>NoError</cs:errorCode><cs:timestamp>{time}</cs:timestamp>",
    "Authorize": "<cs:idTag>{tag}</cs:idTag>",
    "StartTransaction": "<cs:connectorId>{connector}</cs:connectorId><cs:idTag>{tag}</cs:idTag>"
    "<cs:timestamp>{time}</cs:timestamp><cs:meterStart>{meter}</cs:meterStart>",
    "MeterValues": "<cs:connectorId>{connector}</cs:connectorId><cs:transactionId>{transaction}</cs:transactionId>"
    f"<cs:meterValue><cs:timestamp>{{time}}</cs:timestamp>{SAMPLED}</cs:meterValue>",
    "StopTransaction": "<cs:transactionId>{transaction}</cs:transactionId><cs:idTag>{tag}</cs:idTag>"
    "<cs:timestamp>{time}</cs:timestamp><cs:meterStop>{meter}</cs:meterStop>",
    "BootNotification": "<cs:chargePointVendor>Bench</cs:chargePointVendor>"
    "<cs:chargePointModel>Wall</cs:chargePointModel><cs:chargePointSerialNumber>{identity}</cs:chargePointSerialNumber><cs:firmwareVersion>4.2</cs:firmwareVersion>",
    "DataTransfer": "<cs:vendorId>bench.example</cs:vendorId><cs:messageId>note</cs:messageId>"
    "<cs:data>{number}</cs:data>",
}


def templates(service: Service) -> dict[str, str]:
    """The message of each operation that the service has."""
    found = {}
    for name, fields in FIELDS.items():
        if name not in service.operations:
            continue
        message = service.operations[name].input
        body = f"<cs:{message.element}>{fields}</cs:{message.element}>"
        parts = {"$namespace": service.namespace, "$action": message.action, "$body": body}
        text = ENVELOPE
        for place, part in parts.items():
            text = text.replace(place, part)
        found[name] = text
    return found


def write_templates(service: Service, folder: Path) -> None:
    """One file per operation, for the load generator."""
    for name, text in templates(service).items():
        (folder / f"{name}.xml").write_text(text, encoding="utf-8")


def write_tags(file: Path) -> None:
    """A CSV for `ocpp-soap tags import`: a tag for each station, with more transactions than it ever has."""
    rows = [f"{TAG.format(number)},1000000" for number in range(STATIONS)]
    file.write_text("\n".join(["idTag,maxTransactions", *rows]) + "\n", encoding="ascii")
