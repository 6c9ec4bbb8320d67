"""A node that knows nobody finds its peers through a DNS seed: a name server on loopback."""

import random
import socket
import socketserver
import threading

import pytest

from peers_json import peers_file
from process import LOOPBACK
from proxy_servers import Dnsmasq, program
from waiting import wait_for_value, wait_until

REGTEST_PORT = 18444  # addresses from the DNS have no port of their own
SEED = "seed.test"
ASKED = f"x9.{SEED}"

pytestmark = pytest.mark.skipif(not program("dnsmasq"), reason="not installed: dnsmasq")


def free_host():
    """A loopback address whose port of regtest is free, in a network group of its own."""
    while True:
        host = f"127.{random.randrange(16, 250)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        with socket.socket() as probe:
            try:
                probe.bind((host, REGTEST_PORT))
            except OSError:
                continue
            return host


@pytest.fixture
def make_seeded(make_node):
    """Makes nodes that listen where the DNS says, with loopback addresses as good as others."""

    def make(host, *options):
        return make_node(f"--listen={host}:{REGTEST_PORT}", "--loopback-routable", *options)

    return make


@pytest.fixture
def name_server(tmp_path, stack):
    def start(*options):
        server = Dnsmasq(tmp_path, *options)
        stack.callback(server.stop)
        return server.start()

    return start


def asking(server, *options):
    """The node's part: it may ask this server, for this name."""
    return (f"--dns-server={server.address}", f"--dnsseed-name={SEED}", *options)


def lookups(node, **labels):
    return int(node.metrics().total("p2pnode_discovery_lookups_total", **labels))


def test_a_node_finds_its_peers_through_a_dns_seed(make_seeded, name_server):
    hosts = [free_host() for _ in range(3)]
    for host in hosts:
        make_seeded(host, "--no-dnsseed").start()
    server = name_server(*(f"--host-record={ASKED},{host}" for host in hosts))
    seeker = make_seeded(free_host(), "--dnsseed", *asking(server)).start()
    seeker.wait_for_peers(3, timeout=20, direction="outbound")
    assert set(server.questions()) == {f"A {ASKED}", f"AAAA {ASKED}"}
    assert lookups(seeker, outcome="ok") == 1
    found = seeker.metrics().total("p2pnode_discovery_addresses_total", origin="dns")
    assert found == 3


def test_a_name_without_addresses_is_no_harm(make_seeded, name_server):
    server = name_server()
    node = make_seeded(free_host(), "--dnsseed", *asking(server)).start()
    wait_for_value("lookups", lambda: lookups(node, outcome="dns_no_name"), 1, 10)
    assert node.peers() == 0


def test_a_silent_name_server_does_not_hold_up_the_end(make_seeded):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        address = f"{LOOPBACK}:{silent.getsockname()[1]}"
        options = ("--dnsseed", f"--dns-server={address}", f"--dnsseed-name={SEED}")
        node = make_seeded(free_host(), *options).start()
        silent.settimeout(10)
        assert b"\4seed\4test" in silent.recv(512)
        assert node.stop(timeout=5) == 0


@pytest.mark.parametrize(
    "options",
    [["--netrestrict=127.0.0.0/8"], [f"--connect={LOOPBACK}:1"], ["--no-dnsseed"]],
    ids=["netrestrict", "connect", "no-dnsseed"],
)
def test_nobody_is_asked_unless_the_operator_says_so(make_seeded, name_server, options):
    server = name_server(f"--host-record={ASKED},{LOOPBACK}")
    node = make_seeded(free_host(), *options, *asking(server)).start()
    other = make_seeded(free_host(), *options, "--dnsseed", *asking(server)).start()
    # Who was told to ask has asked; who was not had more time than that.
    wait_until("the other one asks", lambda: lookups(other) == 1, 10)
    assert lookups(node) == 0
    assert node.metrics().total("p2pnode_threads", role="discovery") == 0


def test_a_proxy_that_is_not_tor_keeps_the_names_from_the_name_server(make_seeded, name_server):
    server = name_server(f"--host-record={ASKED},{LOOPBACK}")
    options = ("--proxy=127.0.0.1:1", "--no-onion", "--dnsseed", *asking(server))
    node = make_seeded(free_host(), *options).start()
    wait_until("it says so", lambda: "cannot look names up" in node.log(), 10)
    assert lookups(node) == 0
    assert server.questions() == []


class TorDouble(socketserver.StreamRequestHandler):
    """As much of Tor's SOCKS5 as a lookup takes (socks-extensions.txt); one answer for all names."""

    answer = "127.77.1.2"
    names = []

    def handle(self):
        _, methods = self.rfile.read(2)
        self.rfile.read(methods)
        self.wfile.write(b"\5\0")
        _, command, _, kind = self.rfile.read(4)
        if (command, kind) != (0xF0, 3):  # RESOLVE, a domain name
            return
        self.names.append(self.rfile.read(self.rfile.read(1)[0]).decode())
        self.rfile.read(2)
        self.wfile.write(b"\5\0\0\1" + socket.inet_aton(self.answer) + b"\0\0")


@pytest.fixture
def tor(stack):
    """Something that answers as Tor does, on loopback."""
    TorDouble.names.clear()
    server = stack.enter_context(socketserver.ThreadingTCPServer((LOOPBACK, 0), TorDouble))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    stack.callback(server.shutdown)
    return f"{LOOPBACK}:{server.server_address[1]}"


def test_tor_is_asked_in_place_of_the_name_server(make_seeded, name_server, tor):
    server = name_server(f"--host-record={ASKED},{LOOPBACK}")
    options = (f"--proxy={tor}", "--dnsseed", *asking(server))
    node = make_seeded(free_host(), *options).start()
    wait_for_value("lookups", lambda: lookups(node, outcome="ok"), 1, 10)
    assert node.metrics().total("p2pnode_discovery_addresses_total", origin="dns") == 1
    assert TorDouble.names == [ASKED]
    assert server.questions() == []


def test_without_tor_nobody_else_is_asked(make_seeded, name_server):
    server = name_server(f"--host-record={ASKED},{LOOPBACK}")
    options = ("--proxy=127.0.0.1:1", "--dnsseed", *asking(server))
    node = make_seeded(free_host(), *options).start()
    wait_for_value("lookups", lambda: lookups(node, outcome="proxy_down"), 1, 10)
    assert server.questions() == []


# --- peers that the operator names ---

FAST_RETRY = ("--retry-interval=0.2", "--retry-max=1")


def reasons(node, event):
    return {record["reason"] for record in node.call("journal", 100, event)}


def test_a_peer_may_be_named_by_name_and_is_found_again(make_node, name_server):
    other = make_node().start()
    server = name_server(f"--host-record=node.test,{LOOPBACK}")
    named = f"--connect=node.test:{other.port}"
    node = make_node(named, f"--dns-server={server.address}", *FAST_RETRY).start()
    node.wait_for_peers(1)
    other.stop()
    node.wait_for_peers(0)
    other.start()
    node.wait_for_peers(1)
    assert set(server.questions()) == {"A node.test", "AAAA node.test"}
    assert reasons(node, "retried") >= {"closed"}


def test_a_peer_on_this_machine_may_be_named_localhost(make_node):
    """By --connect, --addnode and a call, and no name server is asked: there is none."""
    other = make_node().start()
    name = f"localhost:{other.port}"
    for option in f"--connect={name}", f"--addnode={name}":
        node = make_node(option, f"--dns-server={LOOPBACK}:1").start()
        node.wait_for_peers(1)
        assert node.stop() == 0
    node = make_node(f"--dns-server={LOOPBACK}:1").start()
    node.call("addnode", name, "onetry")
    node.wait_for_peers(1)


def test_an_address_on_which_it_listens_is_told_to_peers(make_seeded):
    host, other = free_host(), free_host()
    node = make_seeded(host, "--outbound=0", "--block-relay=0").start()
    asker = make_seeded(other, "--no-discover", f"--connect={host}:{REGTEST_PORT}").start()
    wait_until(
        "it has told",
        lambda: {a["address"] for a in asker.call("getnodeaddresses", 0)} & {host, LOOPBACK},
        20,
    )
    assert other not in {a["address"] for a in node.call("getnodeaddresses", 0)}


def test_an_address_that_leads_back_to_the_node_is_not_dialled_again(make_seeded):
    """It knows its own address from its address book alone, and does not know that it is its own."""
    host = free_host()
    node = make_seeded(host, "--outbound=1", "--block-relay=0", "--no-discover")
    node.datadir.mkdir(parents=True)
    own = f"{host}:{REGTEST_PORT}"
    (node.datadir / "peers.json").write_text(peers_file([own], 9), encoding="ascii")
    node.start()
    wait_until("it has found out", lambda: node.disconnects(reason="self_connection") > 0, 20)
    wait_until(
        "it is passed over",
        lambda: "self_connection" in {r["reason"] for r in node.call("journal", 9, "skipped")},
        20,
    )
    assert node.metrics().total("p2pnode_connections_total", direction="inbound") <= 2


def test_nodes_are_added_tried_and_removed_while_it_runs(make_node):
    others = [make_node().start() for _ in range(2)]
    kept, once = (f"{LOOPBACK}:{other.port}" for other in others)
    node = make_node("--outbound=0", "--block-relay=0", *FAST_RETRY).start()
    node.call("addnode", kept, "add")
    node.call("addnode", once, "onetry")
    node.wait_for_peers(2)
    assert [entry["addednode"] for entry in node.call("getaddednodeinfo")] == [kept]
    for other in others:
        other.stop()
    node.wait_for_peers(0)
    for other in others:
        other.start()
    node.wait_for_peers(1)  # the one that is kept
    node.call("addnode", kept, "remove")
    assert node.call("getaddednodeinfo") == []
    assert node.peers() == 1  # what is connected stays
    others[0].stop()
    node.wait_for_peers(0)
    dialled = node.metrics().total("p2pnode_dials_total")
    others[0].start()
    node.call("addnode", once, "onetry")
    node.wait_for_peers(1)
    assert node.metrics().total("p2pnode_dials_total") == dialled + 1
    for method, arguments, code in (
        ("addnode", (kept, "remove"), -24),
        ("addnode", ("a b", "add"), -5),
        ("addnode", (kept, "keep"), -8),
    ):
        with pytest.raises(RuntimeError, match=f'"code":{code}\\b'):
            node.call(method, *arguments)


def test_a_name_that_leads_outside_the_permitted_networks_is_not_dialled(make_node, name_server):
    server = name_server("--host-record=node.test,192.0.2.1")
    options = ("--connect=node.test:18444", f"--dns-server={server.address}", *FAST_RETRY)
    node = make_node(*options).start()
    wait_until("it says why", lambda: reasons(node, "failed") == {"filtered"}, 10)
    assert node.call("journal", 100, "dialled") == []


def test_a_seed_by_name_is_asked_for_addresses(make_seeded, name_server):
    host = free_host()
    seed = make_seeded(host, "--outbound=0", "--block-relay=0", "--no-discover")
    seed.datadir.mkdir(parents=True)
    known = {f"127.{i}.1.1:{REGTEST_PORT}" for i in range(2, 15)}  # it tells 23 % of them
    (seed.datadir / "peers.json").write_text(peers_file(known, 9), encoding="ascii")
    seed.start()
    server = name_server(f"--host-record=node.test,{host}")
    seeker = make_seeded(free_host(), "--seednode=node.test", f"--dns-server={server.address}").start()
    wait_until("it is told of some", lambda: seeker.call("getnodeaddresses", 0), 20)
    assert {f"{a['address']}:{a['port']}" for a in seeker.call("getnodeaddresses", 0)} <= known
    assert "seed" in reasons(seeker, "chosen")


def test_where_it_cannot_be_checked_a_name_is_not_given_to_a_proxy(make_node, name_server):
    server = name_server(f"--host-record=node.test,{LOOPBACK}")
    options = ("--proxy=127.0.0.1:1", "--no-onion", f"--dns-server={server.address}")
    node = make_node("--connect=node.test:18444", *options, *FAST_RETRY).start()
    wait_until("it says why", lambda: reasons(node, "failed") == {"no_route"}, 10)
    assert server.questions() == []
