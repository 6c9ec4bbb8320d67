"""The blacklist of Electrum servers from a web server: on this machine, as everything here is."""

import functools
import http.server
import json
import signal
import ssl
import subprocess
import threading

import pytest
from process import LOOPBACK, free_port
from proxy_servers import Microsocks, program
from waiting import wait_until


class Web:
    """Serves one list; `status` other than 200 is an error."""

    def __init__(self, tls=None):
        self.entries, self.status, self.asked = [], 200, 0
        self.server = http.server.ThreadingHTTPServer(
            (LOOPBACK, 0), functools.partial(_Handler, self)
        )
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{LOOPBACK}:{self.server.server_address[1]}/blacklist.json"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, web, *arguments):
        self.web = web
        super().__init__(*arguments)

    def do_GET(self):  # pylint: disable=invalid-name
        body = json.dumps(self.web.entries).encode()
        self.send_response(self.web.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.web.asked += 1

    def log_message(self, *_):
        pass


@pytest.fixture
def web(stack):
    return stack.enter_context(Web())


@pytest.fixture
def reader(make_node):
    """Makes a p2pnode that has its blacklist from there."""

    def make(url, *options):
        return make_node(
            "--electrum",
            "--electrum-peers",
            f"--electrum-listen=127.0.0.1:{free_port()}",
            f"--electrum-blacklist={url}",
            *options,
        )

    return make


def wait_for_entries(node, count):
    wait_until(f"there are {count}", lambda: f"blacklist has {count} entries" in node.log(), 20)


def wait_for_complaint(node, why):
    complaint = f": {why}"
    wait_until(
        f"it says {why}",
        lambda: any(
            "cannot fetch the blacklist" in line and line.endswith(complaint)
            for line in node.log().splitlines()
        ),
        20,
    )


def test_it_is_fetched_and_fetched_again_at_sighup(reader, web):
    web.entries = ["one.example"]
    node = reader(web.url).start()
    wait_for_entries(node, 1)
    web.entries = ["one.example", "*.two.example"]
    node.signal(signal.SIGHUP)
    wait_for_entries(node, 2)
    assert web.asked == 2
    assert node.stop() == 0
    web.status = 500
    node.start()
    wait_for_complaint(node, "connection refused")
    log = node.log()
    assert log.count("the blacklist has 2 entries") == 2  # what came last was kept


def test_it_is_fetched_again_by_itself(reader, web):
    node = reader(web.url, "--electrum-blacklist-interval=1").start()
    wait_until("it was asked for three times", lambda: web.asked >= 3, 30)
    web.status = 503
    before = web.asked
    wait_until("failures do not end that", lambda: web.asked >= before + 2, 30)
    web.status, web.entries = 200, ["a.example", "b.example", "c.example"]
    wait_for_entries(node, 3)


def test_a_bad_list_leaves_the_old_one(reader, web):
    web.entries = ["one.example"]
    node = reader(web.url).start()
    wait_for_entries(node, 1)
    web.entries = [1, 2, 3]
    node.signal(signal.SIGHUP)
    wait_until("it is refused", lambda: "cannot use the blacklist" in node.log(), 20)
    web.entries = ["x" * 200] * 10000  # more than a megabyte
    node.signal(signal.SIGHUP)
    wait_for_complaint(node, "length or size above its limit")
    kept = node.datadir / "electrum-blacklist.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == ["one.example"]


@pytest.fixture
def certificate(tmp_path):
    pair = (tmp_path / "web.crt", tmp_path / "web.key")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    command += f" -subj /CN=web -addext subjectAltName=IP:{LOOPBACK}"
    command += f" -out {pair[0]} -keyout {pair[1]}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return pair


def test_a_certificate_must_be_signed_by_somebody_known(reader, stack, certificate, monkeypatch):
    web = stack.enter_context(Web(tls=certificate))
    web.entries = ["one.example"]
    node = reader(web.url).start()
    wait_for_complaint(node, "signature does not match")
    assert node.stop() == 0
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    node = reader(web.url).start()
    wait_for_entries(node, 1)


def test_it_goes_through_the_proxy(reader, web, stack, tmp_path):
    if not program("microsocks"):
        pytest.skip("microsocks is not installed")
    proxy = Microsocks(tmp_path)
    stack.callback(proxy.stop)
    proxy.start()
    web.entries = ["one.example"]
    node = reader(web.url, f"--proxy={proxy.address}").start()
    wait_for_entries(node, 1)
    assert "client" in proxy.log()


def test_netrestrict_holds_for_it(reader):
    for url in ("http://192.0.2.1/blacklist.json", "https://blacklist.example/"):
        node = reader(url).start()
        wait_for_complaint(node, "address outside the permitted networks")


def test_other_schemes_are_refused(reader):
    node = reader("ftp://127.0.0.1/blacklist.json")
    node.launch()
    assert node.wait(10) == 2
    assert "a URL begins with http:// or https://" in node.log()
