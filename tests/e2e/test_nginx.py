"""nginx as deploy/ sets it up, before a real gateway: TLS, limits, the station's address, and all else untouched."""

from __future__ import annotations

import http.client
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ocpp_soap.central.records import Tag
from ocpp_soap.protocol import catalog
from ocpp_soap.simulator.quirks import EVERY
from ocpp_soap.simulator.wire import SoapWire
from tests.conftest import PROJECT, need
from tests.integration.messages import SOAP, SOAP_TYPE

from .gateway import Gateway, free_port, running
from .stations import Central
from .wire import SECONDS, Answer

pytestmark = pytest.mark.xdist_group("nginx")

# The whole of 127.0.0.0/8 is this machine: the proxy and the station have addresses of their own.
PROXY, STATION, LIAR = "127.0.0.1", "127.0.0.2", "203.0.113.9"

MEBIBYTE = 1024 * 1024

MESSAGE = """<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"
 xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:cs="{namespace}">
<soap:Header><cs:chargeBoxIdentity>{identity}</cs:chargeBoxIdentity>
<wsa:From><wsa:Address>http://:8082/</wsa:Address></wsa:From></soap:Header>
<soap:Body><cs:{operation}Request>{fields}</cs:{operation}Request></soap:Body></soap:Envelope>"""


@dataclass(frozen=True)
class Front:
    """nginx at `url` before a gateway; it works in `folder`."""

    url: str
    certificate: Path
    gateway: Gateway
    folder: Path

    def ask(self, method: str, path: str, body: bytes | None = None, shown: Any = None, **headers: str) -> Answer:
        """One request of a station, over TLS and from an address of its own; `shown` is its client certificate."""
        _, _, place = self.url.split("/")[:3]
        context = ssl.create_default_context(cafile=self.certificate)
        if shown is not None:
            context.load_cert_chain(shown, shown.with_suffix(".key"))
        connection = http.client.HTTPSConnection(place, timeout=SECONDS, source_address=(STATION, 0), context=context)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            chunked = "Transfer-Encoding" in named
            content = iter([body]) if chunked and body else body
            connection.request(method, path, content, {"Content-Type": SOAP_TYPE, **named}, encode_chunked=chunked)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def post(self, body: bytes, **headers: str) -> Answer:
        """One message of a station."""
        return self.ask("POST", "/ocpp", body, **headers)

    def peers(self, identity: str) -> list[str]:
        """Where the journal says that this station's messages came from, newest first."""
        rows = self.gateway.json("journal", "list", "--charge-point", identity)
        return [row["peer"] for row in rows]


def message(operation: str, identity: str, fields: str = "") -> bytes:
    """A message with just what is needed; its wsa:From names no host."""
    namespace = catalog.load().newest.central_system.namespace
    name = operation[0].lower() + operation[1:]
    return MESSAGE.format(namespace=namespace, identity=identity, operation=name, fields=fields).encode()


def fault(answer: Answer) -> tuple[int, str, str]:
    """Status, media type and subcode of a SOAP fault."""
    subcode = etree.fromstring(answer.body).findtext(f".//{SOAP}Subcode/{SOAP}Value")
    return answer.status, answer.headers["content-type"].partition(";")[0], str(subcode).rpartition(":")[2]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine that signs itself, its key beside it."""
    made = tmp_path_factory.mktemp("tls") / "certificate.pem"
    names = ["-subj", "/CN=ocpp.example.com", "-addext", f"subjectAltName=IP:{PROXY}"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(made.with_suffix(".key"))]
    command = [str(need("openssl")), "req", "-x509", "-days", "2", *key, *names, "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made


def upstreams(*gateways: Gateway) -> str:
    """A line for each gateway, as the file has it for one."""
    return "\n".join(f"server {one.url.split('/')[2]} max_fails=0;" for one in gateways)


def site(port: int, gateway: Gateway, certificate: Path, authority: Path | None = None, *others: Gateway) -> str:
    """deploy/site.conf for this machine; nothing else of deploy/ is changed."""
    text = (PROJECT / "deploy" / "site.conf").read_text()
    asked = "# ssl_client_certificate /etc/ssl/stations-ca.pem;\n    # ssl_verify_client optional;"
    for theirs, ours in (
        (asked, f"ssl_client_certificate {authority};\n    ssl_verify_client optional;" if authority else asked),
        ("server 127.0.0.1:8180 max_fails=0;", upstreams(gateway, *others)),
        ("listen 443 ssl;", f"listen {PROXY}:{port} ssl;"),
        ("/etc/ssl/ocpp.example.com.pem", str(certificate)),
        ("/etc/ssl/private/ocpp.example.com.key", str(certificate.with_suffix(".key"))),
    ):
        assert 1 == text.count(theirs), theirs
        text = text.replace(theirs, ours)
    return text


@contextmanager
def proxied(port: int, text: str) -> Iterator[Path]:
    """Starts nginx with the files of deploy/ and this site, waits until it listens, and stops it; gives its folder."""
    program = str(need("nginx"))
    # Not in pytest's folder: started by root, nginx works as another user, who may not enter that one.
    with tempfile.TemporaryDirectory(prefix="ocpp-soap-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("logs", "tmp"):
            (folder / part).mkdir()
        for part in ("nginx.conf", "gateway.conf"):
            shutil.copy(PROJECT / "deploy" / part, folder)
        (folder / "site.conf").write_text(text)
        output = folder / "output"
        # -e: it would otherwise complain of /var/log before it has read anything.
        command = [program, "-e", "logs/error.log", "-p", str(folder), "-c", "nginx.conf", "-g", "daemon off;"]
        with output.open("wb") as said:
            process = subprocess.Popen(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        try:
            listening(port, process, output)
            yield folder
        finally:
            process.terminate()
            process.wait(SECONDS)
        # Neither an error nor a warning about the files of deploy/.
        assert "" == output.read_text()


def listening(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    """Waits until nginx can be connected to."""
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((PROXY, port), SECONDS).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"nginx does not listen:\n{output.read_text()}")


@contextmanager
def fronted(folder: Path, certificate: Path, authority: Path | None = None, **settings: str) -> Iterator[Front]:
    """A gateway, and nginx before it, which asks for client certificates of that authority."""
    need("nginx")
    port = free_port()
    url = f"https://{PROXY}:{port}/ocpp"
    with (
        running(folder, f"sqlite:///{folder / 'gateway.db'}", PUBLIC_URL=url, **settings) as gateway,
        proxied(port, site(port, gateway, certificate, authority)) as place,
    ):
        yield Front(url, certificate, gateway, place)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Front]:
    """nginx before a gateway that trusts it."""
    with fronted(tmp_path_factory.mktemp("nginx"), certificate, TRUSTED_PROXIES=PROXY) as started:
        yield started


def test_a_station_charges_a_whole_session_over_https_and_takes_commands(front: Front) -> None:
    """Everything from the boot to the end of the session goes through nginx; commands go to the station directly."""
    central = Central(front.gateway)
    central.save_tags([Tag("NGINX-TAG", False, None, None, None)])
    with central.station("NGINX", wire=SoapWire(front.url, ca_file=front.certificate)) as station:
        charged = station.run_session("NGINX-TAG", 1, 120)
        command = front.gateway.send(station.identity, "TriggerMessage", requestedMessage="Heartbeat")
        station.settle()
        sent = set(station.sent.operations())
    assert ("answered", {"status": "Accepted"}) == (command["outcome"], command["answer"])
    told = {"BootNotification", "StatusNotification", "Authorize", "StartTransaction", "MeterValues", "StopTransaction"}
    assert told | {"Heartbeat"} == sent
    [kept] = central.transactions(station.identity)
    assert (charged.transaction_id, "NGINX-TAG", 0, charged.meter_stop) == (
        kept.id,
        kept.id_tag,
        kept.meter_start,
        kept.meter_stop,
    )
    assert {"answered"} == {exchange.outcome for exchange in central.journal(station.identity, "in")}
    central.inside.store.close()


def test_suites_without_forward_secrecy_or_with_cbc_are_for_the_legacy_server(front: Front) -> None:
    """A client that knows only those is refused here; what stations of ten years ago know is enough."""
    _, _, place = front.url.split("/")[:3]
    host, port = place.split(":")
    for suites, taken in (("ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA", False), ("ECDHE+AESGCM", True)):
        context = ssl.create_default_context(cafile=front.certificate)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(suites)
        with socket.create_connection((host, int(port)), SECONDS) as connection:
            try:
                context.wrap_socket(connection, server_hostname=host).close()
                assert taken, suites
            except ssl.SSLError:
                assert not taken, suites


def test_the_station_s_own_address_is_handed_on(front: Front) -> None:
    """The journal names the station, and so does the callback address of one that names no host itself."""
    boot = message("BootNotification", "PEER", "<cs:chargePointVendor>V</cs:chargePointVendor>")
    assert 200 == front.post(boot).status
    assert [STATION] == front.peers("PEER")
    shown = front.gateway.json("charge-points", "show", "PEER")
    assert f"http://{STATION}:8082/" == shown["callback"]


def test_an_address_that_a_station_forges_is_overwritten(front: Front) -> None:
    """X-Forwarded-For of a station's own does not reach the gateway, however often it stands there."""
    forged = {"X_Forwarded_For": f"{LIAR}, {PROXY}", "x_forwarded_for": LIAR, "Forwarded": f"for={LIAR}"}
    assert 200 == front.post(message("Heartbeat", "FORGED"), **forged).status
    assert [STATION] == front.peers("FORGED")


def test_a_proxy_that_is_not_trusted_is_not_believed(tmp_path: Path, certificate: Path) -> None:
    """Without OCPP_SOAP_TRUSTED_PROXIES the peer is whoever connects: nginx."""
    with fronted(tmp_path / "gateway", certificate) as front:
        assert 200 == front.post(message("Heartbeat", "DOUBTED")).status
        assert [PROXY] == front.peers("DOUBTED")


def test_a_fault_passes_with_its_status_and_body(front: Front) -> None:
    """nginx puts no page of its own in the place of a fault."""
    answer = front.post(message("Brew", "TEAPOT"))
    assert (500, "application/soap+xml", "NotSupported") == fault(answer)
    refused = front.ask("DELETE", "/ocpp")
    assert (405, "GET, HEAD, POST") == (refused.status, refused.headers["allow"])


def test_a_body_over_the_gateway_s_limit_gets_the_gateway_s_fault(front: Front) -> None:
    """Between the two limits it is the gateway that answers, in SOAP."""
    answer = front.post(message("Heartbeat", "LARGE") + b" " * MEBIBYTE)
    assert (413, "application/soap+xml", "ProtocolError") == fault(answer)


def test_a_body_over_nginx_s_limit_never_reaches_the_gateway(front: Front) -> None:
    """nginx refuses it by itself."""
    answer = front.post(message("Heartbeat", "HUGE") + b" " * (3 * MEBIBYTE))
    assert (413, "nginx") == (answer.status, answer.headers["server"])
    assert b"<soap" not in answer.body
    assert [] == front.peers("HUGE")


def test_a_body_that_nginx_keeps_in_a_file_arrives_whole(front: Front) -> None:
    """One too long for nginx's memory goes through its temporary folder, which its workers can write to."""
    data = "x" * (MEBIBYTE // 2)
    fields = f"<cs:vendorId>V</cs:vendorId><cs:data>{data}</cs:data>"
    assert 200 == front.post(message("DataTransfer", "LONG", fields)).status
    assert [STATION] == front.peers("LONG")


def test_a_chunked_message_is_taken(front: Front) -> None:
    """Some stations don't know the length of what they send."""
    answer = front.post(message("Heartbeat", "CHUNKED"), Transfer_Encoding="chunked")
    assert 200 == answer.status
    assert [STATION] == front.peers("CHUNKED")


def test_a_station_with_every_quirk_comes_through(front: Front) -> None:
    """Two content types, none, HTTP/1.0, chunks, waiting for 100 Continue: nginx refuses none of it."""
    wire = SoapWire(front.url, ca_file=front.certificate)
    with Central(front.gateway).station("ODD", wire=wire, quirks=EVERY) as station:
        for _ in range(12):
            station.heartbeat()
        assert [] == [one.error for one in station.sent if one.error is not None]


def test_an_identity_in_the_path_passes_as_it_is_written(front: Front) -> None:
    """nginx neither decodes nor tidies the path: an identity may hold a space, or a percent sign."""
    nobody = message("Heartbeat", "").replace(b"<cs:chargeBoxIdentity></cs:chargeBoxIdentity>", b"")
    assert 200 == front.ask("POST", "/ocpp/Bay%207%25/", nobody).status
    assert [STATION] == front.peers("Bay 7%")


def test_the_wsdl_has_the_public_address(front: Front) -> None:
    """A technician's tool that reads ?wsdl through nginx learns the https address."""
    answer = front.ask("GET", "/ocpp?wsdl")
    places = etree.fromstring(answer.body).iterfind(".//{http://schemas.xmlsoap.org/wsdl/soap12/}address")
    assert (200, [front.url]) == (answer.status, [place.get("location") for place in places])
    assert front.url.encode() in front.ask("GET", "/ocpp").body


def test_the_health_pages_answer(front: Front) -> None:
    """Monitoring may ask through nginx."""
    for page in ("live", "ready"):
        answer = front.ask("GET", f"/healthz/{page}")
        assert (200, b"ok\n") == (answer.status, answer.body)
