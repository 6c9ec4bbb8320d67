"""Peers that come in through I2P: with a double of a router, and with a real one."""

import base64
import hashlib
import stat

import pytest
from bitcoin_p2p import Connection
from process import free_port
from proxy_servers import I2pd, SamBridge, new_i2p_key, program
from waiting import wait_for_value, wait_until

NOBODY = "a" * 52 + ".b32.i2p"  # all zeros: with a prefix of no bits it is all of I2P
KEY_FILE = "i2p_private_key"


def i2p_name(data):
    """The name of the destination that these bytes are, or that this private key begins with."""
    length = 387 + int.from_bytes(data[385:387], "big")
    return base64.b32encode(hashlib.sha256(data[:length]).digest()).decode().lower().rstrip("=") + ".b32.i2p"


@pytest.fixture
def bridge(stack):
    def start(port=None):
        server = SamBridge(port=port)
        stack.callback(server.stop)
        return server.start()

    return start


@pytest.fixture
def make_listening(make_node):
    """Makes nodes that dial nobody; they take peers from loopback and from I2P."""

    def make(address, *options, **named):
        return make_node(
            f"--i2psam={address}", f"--netrestrict=127.0.0.0/8,{NOBODY}/0", "--outbound=0", *options, **named
        )

    return make


def listens(node, times=1):
    wait_until("it listens", lambda: node.log().count(".b32.i2p:0") >= times, 20)


def test_a_peer_that_calls_is_a_peer_like_others(make_listening, bridge):
    router = bridge()
    node = make_listening(router.address).start()
    for number in range(3):  # one after the other, each on a question of its own
        caller = new_i2p_key()
        with Connection(router.call(caller)) as peer:
            peer.handshake()
            peer.round_trip()
            wait_for_value("inbound peers", lambda: node.peers(direction="inbound"), 1, 10)
        name = i2p_name(base64.b64decode(caller, altchars=b"-~"))
        assert name in node.log(), f"caller {number}"
        node.wait_for_peers(0)


def test_the_destination_stays_the_same_across_restarts(make_listening, bridge):
    router = bridge()
    node = make_listening(router.address).start()
    listens(node)
    path = node.datadir / KEY_FILE
    key = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert i2p_name(key) in node.log()
    assert node.stop() == 0
    node.start()
    listens(node, times=2)
    assert path.read_bytes() == key
    used = [values["DESTINATION"] for values in router.sessions.values()]
    assert used == [base64.b64encode(key, altchars=b"-~").decode()]


def test_our_address_is_told_to_peers_in_i2p_alone(make_listening, bridge):
    router = bridge()
    node = make_listening(router.address).start()
    listens(node)
    own = hashlib.sha256((node.datadir / KEY_FILE).read_bytes()[:387]).digest()
    with Connection(router.call()) as peer:
        peer.handshake(before_verack=["sendaddrv2"])
        peer.send("getaddr")
        assert own in peer.wait_for("addrv2", timeout=20)
    with Connection.to(node.port) as peer:
        peer.handshake(before_verack=["sendaddrv2"])
        peer.send("getaddr")
        peer.round_trip()
        assert "addrv2" not in peer.received


def test_a_router_that_restarts_or_comes_later_is_used(make_listening, bridge):
    port = free_port()
    node = make_listening(f"127.0.0.1:{port}").start()
    wait_until("it has tried", lambda: "cannot listen in I2P" in node.log(), 10)
    router = bridge(port)
    listens(node)
    router.drop_sessions()
    wait_until("a second session", lambda: router.created == 2, 20)
    listens(node, times=2)


def test_nobody_is_asked_for_unless_wanted(make_listening, bridge):
    router = bridge()
    quiet = make_listening(router.address, "--no-i2pacceptincoming").start()
    deaf = make_listening(router.address, "--connect=127.0.0.1:1", "--no-listen").start()
    listens(make_listening(router.address).start())
    assert router.created == 1
    for node in (quiet, deaf):
        assert not (node.datadir / KEY_FILE).exists()


def test_a_file_that_is_no_key_is_an_error(make_listening, bridge):
    node = make_listening(bridge().address)
    node.datadir.mkdir(parents=True)
    (node.datadir / KEY_FILE).write_bytes(b"no key")
    node.launch()
    assert node.wait(10) == 1
    assert (node.datadir / KEY_FILE).read_bytes() == b"no key"


@pytest.mark.skipif(not program("i2pd"), reason="not installed: i2pd")
def test_a_real_router_takes_our_key(make_listening, stack, tmp_path):
    router = I2pd(tmp_path)
    stack.callback(router.stop)
    router.start()
    node = make_listening(router.address, f"--i2psam-options={I2pd.session_options}").start()
    listens(node)
    assert i2p_name((node.datadir / KEY_FILE).read_bytes()) in node.log()
