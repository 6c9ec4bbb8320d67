"""The dialer's ways through real proxies: SOCKS5 servers, a Tor network, a name server, an I2P router.

tests/net/proxy_client, which make check builds, dials with the code of the daemon.
"""

import pathlib
import socket
import subprocess
import sys

import pytest

import tor_network
import wire
from bitcoin_p2p import HeaderServer
from node import BINARY
from process import LOOPBACK, free_port
from proxy_servers import Dante, Dnsmasq, EchoServer, I2pd, Microsocks, SamBridge, program
from waiting import TIME_FACTOR, wait_for_value, wait_until

CLIENT = pathlib.Path(BINARY).resolve().parent / "tests" / "net" / "proxy_client"
# An onion address of BIP155's examples, which no network here knows.
UNKNOWN_ONION = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333"

pytestmark = pytest.mark.skipif(not CLIENT.is_file(), reason=f"no {CLIENT}; make check builds it")


def client(*arguments, lines=(), timeout=90):
    """Runs proxy_client to its end; what it prints, as lines."""
    result = subprocess.run(
        [str(argument) for argument in (CLIENT, f"--timeout={timeout * 500}", *arguments)],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=timeout * TIME_FACTOR,
    )
    assert "Sanitizer" not in result.stderr, result.stderr
    printed = result.stdout.splitlines()
    assert (result.returncode == 0) == (not printed or not printed[-1].startswith("failed")), result
    return printed


class HeldStream:
    """A connection through a proxy that stays open until it is closed."""

    def __init__(self, *arguments):
        argv = [str(argument) for argument in (CLIENT, "--timeout=60000", *arguments)]
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = self.child.stdout.readline().strip()

    def close(self):
        self.child.stdin.close()
        self.child.wait()
        self.child.stdout.close()


def needs(*names):
    """Skips a test, with the reason, when a program is not installed."""
    absent = [name for name in names if not program(name)]
    return pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(absent)}")


@pytest.fixture(scope="module")
def echo():
    server = EchoServer().start()
    yield server
    server.stop()


@pytest.fixture
def target(echo):
    return f"{LOOPBACK}:{echo.port}"


@pytest.fixture
def run(tmp_path, stack):
    """Starts a server of proxy_servers, to be stopped with the test."""

    def start(kind, *arguments, **named):
        server = kind(tmp_path, *arguments, **named)
        stack.callback(server.stop)
        return server.start()

    return start


def closed_target():
    return f"{LOOPBACK}:{free_port()}"


# --- SOCKS5 servers ---


@needs("microsocks")
def test_a_proxy_without_credentials_carries_a_stream(run, target):
    proxy = run(Microsocks)
    printed = client(f"--proxy={proxy.address}", "dial", target, lines=["first", "second"])
    assert printed == ["connected proxy", "first", "second"]


@needs("microsocks")
def test_a_proxy_with_credentials_wants_the_right_ones(run, target):
    proxy = run(Microsocks, user="alice", password="secret")
    through = f"--proxy={proxy.address}"
    good = client(through, "--proxy-user=alice", "--proxy-password=secret", "dial", target, lines=["x"])
    assert good == ["connected proxy", "x"]
    bad = client(through, "--proxy-user=alice", "--proxy-password=wrong", "dial", target)
    assert bad == ["failed proxy_credentials"]
    assert client(through, "dial", target) == ["failed proxy_no_method"]


@needs("microsocks")
def test_what_microsocks_refuses_has_its_reason(run):
    through = f"--proxy={run(Microsocks).address}"
    assert client(through, "dial", closed_target()) == ["failed proxy_refused"]
    assert client(through, "resolve", "absent.invalid") == ["failed proxy_no_command"]


@needs("danted")
def test_dante_carries_a_stream_and_names_its_refusals(run, target):
    through = f"--proxy={run(Dante).address}"
    assert client(through, "dial", target, lines=["x"]) == ["connected proxy", "x"]
    assert client(through, "dial", closed_target()) == ["failed proxy_refused"]
    assert client(through, "dial", f"{Dante.blocked}:1") == ["failed proxy_denied"]
    assert client(through, "resolve", "absent.invalid") == ["failed proxy_closed"]


def test_a_proxy_that_is_not_there_or_not_a_proxy_is_told_from_a_refusal(target):
    assert client(f"--proxy={closed_target()}", "dial", target) == ["failed proxy_down"]
    # The echo server waits for a whole line, which SOCKS5 has not.
    assert client(f"--proxy={target}", "dial", target, timeout=2) == ["failed timeout"]


@needs("microsocks")
def test_the_daemon_dials_through_its_proxy_and_names_what_is_wrong_with_it(run, make_node):
    proxy = run(Microsocks, user="alice", password="secret")
    chain = wire.Chain()
    chain.extend(20)
    with HeaderServer(chain) as peer:
        through = (f"--connect={LOOPBACK}:{peer.port}", f"--proxy={proxy.address}")
        named = ("--proxy-user=alice", "--proxy-password=secret", "--retry-interval=0.2")
        node = make_node(*through, *named).start()
        node.wait_for_height(20)
        proxy.stop()
        peer.drop()
        wait_until(
            "the dead proxy is told apart from a dead peer",
            lambda: node.metrics().total("p2pnode_dials_total", result="proxy_down"),
            20,
        )
        proxy.start()
        node.wait_for_peers(1, timeout=20)
        wrong = make_node(*through, "--proxy-user=alice", "--proxy-password=x").start()
        wait_until(
            "wrong credentials are named",
            lambda: wrong.metrics().total("p2pnode_dials_total", result="proxy_credentials"),
            20,
        )


def test_a_plain_connect_needs_no_proxy(target):
    assert client("dial", target, lines=["x"]) == ["connected direct", "x"]
    assert client("dial", closed_target()) == ["failed refused"]


@needs("microsocks")
def test_each_target_takes_its_own_proxy(run, target):
    proxy = run(Microsocks)
    both = (f"--proxy={proxy.address}", f"--onion={closed_target()}")
    assert client(*both, "dial", target, lines=["x"]) == ["connected proxy", "x"]
    assert client(*both, "dial", UNKNOWN_ONION) == ["failed proxy_down"]
    assert client(*both, "--no-onion", "dial", UNKNOWN_ONION) == ["failed no_route"]
    assert client(f"--proxy={proxy.address}", "dial", "stats.i2p:0") == ["failed no_route"]


# --- a name server ---


@needs("dnsmasq")
def test_a_name_server_is_asked_for_both_kinds_of_addresses(run):
    server = run(
        Dnsmasq, "--host-record=seed.test,127.0.0.7,2001:db8::7", "--host-record=seed.test,127.0.0.8"
    )
    asked = f"--nameserver={server.address}"
    printed = client(asked, "lookup", "seed.test:8333")
    assert sorted(printed) == ["address 127.0.0.7:8333", "address 127.0.0.8:8333", "address [2001:db8::7]:8333"]
    assert client(asked, "lookup", "absent.test:1") == ["failed dns_no_name"]
    assert set(server.questions()) == {"A seed.test", "AAAA seed.test", "A absent.test", "AAAA absent.test"}


@needs("dnsmasq")
@pytest.mark.parametrize("limit", [1232, 512], ids=["edns", "tcp"])
def test_a_long_answer_comes_whole(run, limit):
    hosts = [f"127.0.2.{i}" for i in range(1, 60)]
    records = (f"--host-record=long.test,{host}" for host in hosts)
    server = run(Dnsmasq, f"--edns-packet-max={limit}", *records)
    said = client(f"--nameserver={server.address}", "lookup", "long.test:1")
    assert sorted(said) == sorted(f"address {host}:1" for host in hosts)


@needs("dnsmasq")
def test_a_name_of_tor_never_reaches_the_name_server(run):
    server = run(Dnsmasq)
    assert client(f"--nameserver={server.address}", "lookup", UNKNOWN_ONION) == ["failed invalid_argument"]
    assert server.questions() == []


def test_a_name_server_that_is_silent_times_out():
    assert client(f"--nameserver={closed_target()}", "lookup", "seed.test", timeout=2) in (
        ["failed timeout"],
        ["failed dns_failure"],
    )


# --- I2P ---


def test_sam_carries_a_stream(echo, stack):
    bridge = SamBridge(echo.port).start()
    stack.callback(bridge.stop)
    through = f"--sam={bridge.address}"
    assert client(through, "dial", "present.i2p:0", lines=["x", "y"]) == ["connected i2p", "x", "y"]
    assert client(through, "dial", "absent.i2p:0") == ["failed i2p_not_found"]
    assert bridge.created == 2  # one for each process
    wait_for_value("the sessions end with their processes", lambda: bridge.sessions, {}, timeout=10)


@needs("i2pd")
def test_an_i2p_router_makes_a_session_and_looks_up_in_it(run):
    router = run(I2pd)
    through = (f"--sam={router.address}", f"--sam-options={router.session_options}")
    # Without other routers there is nobody to be found; a session alone takes about 20 s.
    assert client(*through, "dial", "stats.i2p:0", timeout=180) == ["failed i2p_not_found"]


def test_a_router_that_is_not_there_is_told_from_a_peer_that_is_not(echo):
    assert client(f"--sam={closed_target()}", "dial", "stats.i2p:0") == ["failed proxy_down"]


# --- a Tor network ---


@pytest.fixture(scope="module")
def tor(tmp_path_factory, echo):
    reason = tor_network.missing()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("tor")
    nameserver = Dnsmasq(folder, "--address=/seed.test/127.0.0.7").start()
    try:
        network = tor_network.TorNetwork(folder, nameserver.port, echo.port).start()
        try:
            yield network
        finally:
            network.stop()
    finally:
        nameserver.stop()


def carried(tor, *arguments):
    """Whether Tor has carried a line to the target and back; circuits may need time to come."""

    def try_once():
        printed = client(f"--proxy={tor.socks_address}", *arguments, lines=["x"])
        return printed if printed == ["connected proxy", "x"] else None

    return wait_until(f"tor carries {arguments}", try_once, timeout=90)


def test_tor_carries_a_stream_to_an_onion_service(tor, echo):
    before = echo.connections
    carried(tor, "dial", tor.onion)
    assert echo.connections > before


def test_no_process_of_the_network_talks_to_the_outside(tor):
    carried(tor, "dial", tor.onion)
    loopback = f"{int.from_bytes(socket.inet_aton(LOOPBACK), sys.byteorder):08X}"
    assert tor.remote_hosts() == {loopback, "00000000"}  # the zeros are those of listeners


def test_the_onion_proxy_is_for_onions_alone(tor, target):
    onion_only = f"--onion={tor.socks_address}"
    carried(tor, "dial", tor.onion)
    assert client(onion_only, "dial", tor.onion, lines=["x"]) == ["connected onion", "x"]
    assert client(onion_only, "dial", target, lines=["x"]) == ["connected direct", "x"]


def test_tor_resolves_names(tor):
    through = f"--proxy={tor.socks_address}"

    def resolved():
        return client(through, "resolve", "seed.test")

    wait_for_value("tor resolves", resolved, ["address 127.0.0.7:0"], timeout=90)
    assert client(through, "resolve", "absent.test") == ["failed proxy_host"]


def test_what_tor_refuses_has_its_reason(tor):
    through = f"--proxy={tor.socks_address}"
    carried(tor, "dial", tor.onion)
    assert client(through, "dial", UNKNOWN_ONION) == ["failed onion_not_found"]
    service = tor.onion.partition(":")[0]
    assert client(through, "dial", f"{service}:1") == ["failed proxy_refused"]


def hold_streams(tor, stack, count, *options):
    """Opens streams one after the other and keeps them; the circuits that they are on."""
    before = len(tor.circuits_of_streams())
    for _ in range(count):
        stream = HeldStream(f"--proxy={tor.socks_address}", *options, "dial", tor.onion)
        stack.callback(stream.close)
        assert stream.said == "connected proxy"
    return tor.circuits_of_streams()[before:]


def test_isolation_gives_every_stream_a_circuit_of_its_own(tor, stack):
    carried(tor, "dial", tor.onion)
    wait_for_value("no stream is left", tor.circuits_of_streams, [], timeout=30)
    shared = hold_streams(tor, stack, 3)
    assert len(shared) == 3 and len(set(shared)) == 1, shared
    isolated = hold_streams(tor, stack, 3, "--isolation")
    circuits = tor.circuits_of_streams()
    assert len(circuits) == 6 and len(set(circuits)) == 4, (shared, isolated)
    named = ("--proxy-user=alice", "--proxy-password=1")
    hold_streams(tor, stack, 2, *named)
    circuits = tor.circuits_of_streams()
    assert len(circuits) == 8 and len(set(circuits)) == 5, circuits
