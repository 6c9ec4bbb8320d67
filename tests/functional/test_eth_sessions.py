"""Sessions of eth with a node by other authors that keeps to the rules, and that does not."""

import pytest
import rlp
from rlpx_peers import EjsNode, enode_of, ethereum_options
from waiting import wait_until

pytestmark = pytest.mark.skipif(EjsNode.missing() is not None, reason=str(EjsNode.missing()))

# codes of eth/68
STATUS, TRANSACTIONS, GET_HEADERS, HEADERS, GET_BODIES = 0, 2, 3, 4, 5
POOLED_HASHES, GET_POOLED, POOLED = 8, 9, 10
GENESIS_EXTRA = "11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa"
FORK_ID = ["fc64ec04", 1150000]
DIFFICULTY = 0x400000000


@pytest.fixture
def ejs(tmp_path, stack):
    node = EjsNode(tmp_path)
    stack.callback(node.stop)
    return node


@pytest.fixture
def node(make_node):
    return make_node(*ethereum_options("--eth-redial=1", network="classic")).start()


def open_session(node, ejs):
    ejs.connect(enode_of(node))
    assert ejs.await_event("added") == 68
    ejs.send_status()
    return ejs.await_event("status")


def status(**changes):
    """A Status of eth/68 at the genesis block."""
    parts = {
        "version": 68,
        "network": 1,
        "difficulty": DIFFICULTY,
        "head": EjsNode.GENESIS,
        "genesis": EjsNode.GENESIS,
        "fork": FORK_ID,
    }
    parts.update(changes)
    return list(parts.values())


def test_a_session_with_status_and_headers(node, ejs):
    network, difficulty, best, genesis, fork = open_session(node, ejs)
    assert (network, difficulty) == ("01", f"{DIFFICULTY:010x}")
    assert best == genesis == EjsNode.GENESIS
    assert fork == ["fc64ec04", f"{1150000:06x}"]
    ejs.send(GET_HEADERS, [77, [0, 1, 0, 0]])
    number, headers = ejs.await_message(HEADERS)[0]
    assert number == "4d" and len(headers) == 1
    assert headers[0][8] == "" and headers[0][12] == GENESIS_EXTRA
    node.wait_for_peers(1, network="ethereum")
    (peer,) = node.call("admin_peers")
    assert peer["name"] == "ejs/1" and peer["caps"] == ["eth/68"]
    assert peer["id"] and peer["network"]["inbound"] is True
    ejs.command("disconnect", 8)
    wait_until(
        "the reason that the remote side gave",
        lambda: node.disconnects(network="ethereum", reason="remote_quitting") == 1,
        timeout=10,
    )


def test_a_static_node_is_dialled_and_dialled_again(make_node, ejs):
    node = make_node(
        *ethereum_options(f"--eth-static={ejs.enode}", "--eth-redial=1", network="classic")
    ).start()
    assert ejs.await_event("added") == 68
    ejs.send_status()
    node.wait_for_peers(1, network="ethereum", direction="outbound")
    ejs.command("disconnect", 4)
    wait_until("a second connection", lambda: len(ejs.all("added")) == 2, timeout=10)
    assert node.disconnects(network="ethereum", reason="remote_full") == 1


def test_operators_add_and_remove_peers(node, ejs):
    assert node.call("admin_addPeer", ejs.enode) is True
    assert ejs.await_event("added") == 68
    ejs.send_status()
    node.wait_for_peers(1, network="ethereum")
    assert node.call("net_peerCount") == "0x1"
    (peer,) = node.call("admin_peers")
    assert peer["network"]["static"] is True and peer["network"]["inbound"] is False
    assert node.call("admin_removePeer", ejs.enode) is True
    assert ejs.await_event("removed") == 0
    node.wait_for_peers(0, network="ethereum")


def test_a_peer_asks_us_and_is_asked_for_headers(node, ejs):
    ejs.connect(enode_of(node))
    ejs.await_event("added")
    ejs.send_status(total_difficulty="ffffffffff", best_hash="ab" * 32)
    request = ejs.await_message(GET_HEADERS, timeout=20)[0]
    assert len(request) == 2 and len(request[1]) == 4, request


def before_status(payload):
    """A Status that our node must not accept: sent in the place of the good one."""
    return lambda ejs: ejs.send(STATUS, payload)


def after_status(code, item):
    def send(ejs):
        ejs.send_status()
        ejs.await_event("status")
        ejs.send(code, item)

    return send


def raw_after_status(code, payload):
    def send(ejs):
        ejs.send_status()
        ejs.await_event("status")
        ejs.send_bytes(code, payload)

    return send


HASH = "cd" * 32
BREACHES = {
    "wrong network": before_status(status(network=2)),
    "wrong genesis": before_status(status(genesis=HASH)),
    "wrong fork id": before_status(status(fork=["01020304", 0])),
    "wrong version": before_status(status(version=67)),
    "no Status first": lambda ejs: ejs.send(GET_HEADERS, [1, [0, 1, 0, 0]]),
    "a second Status": after_status(STATUS, status()),
    "announced types and hashes that differ in number": after_status(
        POOLED_HASHES, [b"\x02\x02", [100], [HASH]]
    ),
    "a request without its query": after_status(GET_HEADERS, [1]),
    "a number that is not in its shortest form": raw_after_status(
        GET_HEADERS, bytes.fromhex("c701c58100018080")
    ),
    "a message that nobody has": after_status(0x0D, [1, [HASH]]),
    "more than ten megabytes": raw_after_status(
        TRANSACTIONS, rlp.encode([b"\x01" * (10 * 1024 * 1024 + 1)])
    ),
    "bytes that are no list": raw_after_status(GET_BODIES, b"\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("breach", BREACHES.values(), ids=BREACHES.keys())
def test_a_breach_ends_the_session(node, ejs, breach):
    ejs.connect(enode_of(node))
    ejs.await_event("added")
    breach(ejs)
    reason = ejs.await_event("removed")
    assert reason in (2, 3, 6, 0x10), f"disconnected for {reason}"
    assert not ejs.all("weDid")[0], "the remote side parted before we did"
    node.wait_for_peers(0, network="ethereum")


def test_what_is_merely_of_no_use_is_passed_over(node, ejs):
    open_session(node, ejs)
    ejs.send(HEADERS, [4711, []])  # an answer that nobody waits for
    ejs.send(GET_HEADERS, [5, [HASH, 10, 0, 0]])  # a block that nobody has
    ejs.send(GET_HEADERS, [6, [2**64 - 1, 2**64 - 1, 2**64 - 1, 1]])
    ejs.send(GET_BODIES, [7, [HASH]])
    wait_until("three answers", lambda: len(ejs.all("message")) >= 3, timeout=10)
    answers = {message[1][0]: message[1][1] for message in ejs.all("message")}
    assert answers["05"] == [] and answers["06"] == [] and answers["07"] == []
    assert not ejs.all("removed")
