"""p2pnode beside full nodes by other authors: each test runs against bcoin and against btcd."""

import time

import pytest
import wire
from foreign import Btcd
from waiting import TIME_FACTOR, wait_until

# bcoin and btcd only dial nodes that announce NODE_NETWORK, and bcoin wants NODE_WITNESS too.
FULL_NODE_SERVICES = "--advertise-services=0x9"
FAST_RETRY = ("--retry-interval=0.2", "--retry-max=1")
DIALS = ("p2pnode-dials", "p2pnode-is-dialled")


def internal(display_hash):
    """A hash as it goes over the wire, from the form people read."""
    return bytes.fromhex(display_hash)[::-1]


def our_peer(foreign):
    """The entry of p2pnode in the other node's peer list, or None."""
    ours = [peer for peer in foreign.peers() if (peer["subver"] or "").startswith("/p2pnode:")]
    assert len(ours) <= 1, f"p2pnode is connected {len(ours)} times"
    return ours[0] if ours else None


@pytest.fixture(params=DIALS)
def connected(request, make_node, foreign):
    """Makes a p2pnode that has a connection to the foreign node, dialled by either side."""

    def connect(*options):
        if request.param == "p2pnode-dials":
            peer = f"--connect=127.0.0.1:{foreign.port}"
            return make_node(peer, *FAST_RETRY, *options).start()
        node = make_node(FULL_NODE_SERVICES, *options).start()
        foreign.dial(node.port)
        return node

    return connect


def test_reaches_the_height_of_a_peer_with_5000_blocks_within_ten_seconds(connected, foreign):
    foreign.generate(5000)
    started = time.monotonic()
    node = connected()
    node.wait_for_height(5000, timeout=10)
    print(f"5000 headers after {time.monotonic() - started:.2f} s, start of p2pnode included")
    assert node.best_hash() == internal(foreign.best_hash())


def test_is_listed_by_the_peer_with_version_agent_and_ping_time(connected, foreign):
    foreign.generate(1)
    node = connected()
    node.wait_for_height(1)
    listed = our_peer(foreign)
    assert listed["version"] >= wire.PROTOCOL_VERSION
    assert listed["subver"].endswith("/")
    foreign.ping()
    wait_until(
        "the peer has measured a ping",
        lambda: our_peer(foreign)["pingtime"] != foreign.no_ping_time,
        10,
    )


def test_follows_new_blocks_within_a_second(connected, foreign):
    foreign.generate(10)
    node = connected()
    node.wait_for_height(10)
    for height in range(11, 21):
        foreign.generate(1)
        node.wait_for_height(height, timeout=1)
    assert node.best_hash() == internal(foreign.best_hash())


def test_follows_a_reorganisation(connected, foreign):
    foreign.generate(200)
    node = connected()
    node.wait_for_height(200)
    abandoned = foreign.best_hash()
    foreign.reorganise(depth=10, count=15)
    node.wait_for_height(205)
    assert foreign.best_hash() != abandoned
    assert node.best_hash() == internal(foreign.best_hash())
    assert node.metrics().total("p2pnode_reorgs_total") >= 1


def test_keeps_one_connection_through_all_of_it(connected, foreign):
    foreign.generate(50)
    # bcoin bans who still offers it a block that invalidateblock has made it refuse.
    node = connected("--ping-interval=0.5", "--blocks=none")
    node.wait_for_height(50)
    listed = our_peer(foreign)
    for height in range(51, 61):
        foreign.generate(1)
        node.wait_for_height(height)
    foreign.reorganise(depth=3, count=5)
    node.wait_for_height(62)
    wait_until("ten pings are answered", lambda: node.messages("in", "pong") >= 10, 15)
    assert our_peer(foreign)["id"] == listed["id"]
    assert node.disconnects() == 0


def test_reconnects_when_the_peer_is_killed_and_comes_back(make_node, foreign):
    foreign.generate(10)
    node = make_node(f"--connect=127.0.0.1:{foreign.port}", *FAST_RETRY).start()
    node.wait_for_height(10)
    foreign.kill()
    node.wait_for_peers(0)
    foreign.start()
    wait_until("the peer lists p2pnode again", lambda: our_peer(foreign), 10)
    foreign.generate(20)  # both have forgotten their chain: this is another one
    node.wait_for_height(foreign.height())
    assert node.best_hash() == internal(foreign.best_hash())


def test_is_dialled_again_after_its_own_restart(make_node, foreign):
    foreign.generate(10)
    node = make_node(FULL_NODE_SERVICES).start()
    foreign.dial(node.port)
    node.wait_for_height(10)
    assert node.stop() == 0
    node.start()
    foreign.generate(1)
    node.wait_for_height(11, timeout=30)


@pytest.mark.parametrize("foreign", [Btcd], ids=["btcd"], indirect=True)
def test_is_not_dropped_by_a_peer_that_takes_it_for_a_source_of_blocks(make_node, foreign):
    """btcd asks a peer that is not below it for blocks, and drops one that says nothing to that.

    On regtest it forgets its chain at every start, so after its restart p2pnode is above it. The
    answer is late after 30 s, and btcd looks every 15 s.
    """
    foreign.generate(10)
    node = make_node(f"--connect=127.0.0.1:{foreign.port}", *FAST_RETRY).start()
    node.wait_for_height(10)
    foreign.stop()
    foreign.start()
    wait_until("p2pnode is asked for blocks", lambda: node.messages("in", "getblocks"), 10)
    listed = our_peer(foreign)
    end = time.monotonic() + 50 * TIME_FACTOR
    while time.monotonic() < end:
        time.sleep(1)
        peer = our_peer(foreign)
        assert peer and peer["id"] == listed["id"], "the peer has dropped p2pnode"
    foreign.generate(20)
    node.wait_for_height(20)
