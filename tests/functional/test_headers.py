"""Headers: kept across a restart and a crash, held off when their work is too little, and a disk
that fills up."""

import resource

import pytest

import wire
from bitcoin_p2p import Connection, HeaderServer
from waiting import wait_for_value, wait_until

WORK_OF_ONE = 2  # of a header at regtest's limit


def serve(stack, count, tag=b"headers"):
    chain = wire.Chain(tag)
    chain.extend(count)
    return stack.enter_context(HeaderServer(chain))


def connect(server):
    return f"--connect=127.0.0.1:{server.port}"


def saved(node):
    return int(node.metrics().total("p2pnode_headers_saved_total"))


def minimum_work(headers):
    """The option for a minimum that a chain of so many headers has just reached."""
    return f"--minimum-chain-work={(headers + 1) * WORK_OF_ONE:064x}"


# --- kept on disk ---


def test_a_restart_continues_where_it_was(make_node, stack):
    server = serve(stack, 4500)
    node = make_node(connect(server)).start()
    node.wait_for_height(4500)
    assert node.stop() == 0
    server.chain.extend(10)
    asked = len(server.messages())
    node.start()
    assert node.height() >= 4500
    node.wait_for_height(4510)
    assert node.best_hash() == server.chain.tip_hash
    assert server.messages()[asked].count("getheaders") <= 3, "it was all asked for again"


def test_a_killed_node_continues_with_what_was_saved(make_node, stack):
    server = serve(stack, 16000)
    node = make_node(connect(server)).start()
    wait_until("some headers are on disk", lambda: saved(node) > 0, timeout=10)
    before = saved(node)
    node.kill()
    node.start()
    assert node.height() >= before
    node.wait_for_height(16000, timeout=20)
    node.kill()  # at whatever moment
    node.start()
    node.wait_for_height(16000, timeout=20)
    assert node.best_hash() == server.chain.tip_hash


def test_a_file_that_is_no_database_is_set_aside(make_node, stack):
    server = serve(stack, 100)
    node = make_node(connect(server))
    node.datadir.mkdir(parents=True)
    (node.datadir / "headers-regtest.mdb").write_bytes(b"no database" * 1000)
    node.start()
    node.wait_for_height(100)
    assert (node.datadir / "headers-regtest.mdb.damaged").exists()


def test_a_full_disk_is_said_once_and_outlived(make_node, stack):
    server = serve(stack, 3000)
    node = make_node(connect(server), "--log-level=info").start()
    node.wait_for_height(3000)
    wait_for_value("headers on disk", lambda: saved(node), 3000, timeout=10)
    size = (node.datadir / "headers-regtest.mdb").stat().st_size
    limits = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (size + 8192, limits[1]))
    server.announce(server.chain.extend(12000)[-1:])
    node.wait_for_height(15000, timeout=30)
    failing = lambda: node.metrics().total("p2pnode_headers_saving_fails")
    wait_for_value("saving fails", failing, 1, timeout=20)
    server.announce(server.chain.extend(1))  # it goes on meanwhile
    node.wait_for_height(15001)
    assert node.best_hash() == server.chain.tip_hash
    assert node.log().count("headers cannot be written") == 1, node.log()[-3000:]
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, limits)
    wait_for_value("saving fails", failing, 0, timeout=20)
    wait_for_value("headers on disk", lambda: saved(node), 15001, timeout=10)
    assert node.log().count("headers can be written") == 1
    node.kill()
    node.start()
    assert "15001 headers loaded" in node.log()


# --- which chain ---


def test_a_fork_with_more_work_is_followed_and_one_with_less_is_not(make_node, stack):
    honest = serve(stack, 2500)
    other = stack.enter_context(HeaderServer(wire.Chain(b"nothing yet")))
    node = make_node(connect(honest), connect(other)).start()
    node.wait_for_height(2500)
    node.wait_for_peers(2)
    shorter = honest.chain.fork(2400, b"shorter")
    shorter.extend(99)
    other.chain = shorter
    other.announce(shorter.headers[-1:])
    wait_until("it was shown", lambda: knows(node, shorter.tip_hash), timeout=10)
    assert node.best_hash() == honest.chain.tip_hash
    other.chain = honest.chain.fork(300, b"longer")
    other.chain.extend(2300)
    other.announce(other.chain.headers[-1:])
    node.wait_for_height(2600)
    assert node.best_hash() == other.chain.tip_hash


def knows(node, header_hash):
    try:
        return node.call("getblockheader", header_hash[::-1].hex())
    except RuntimeError:
        return None


# --- little work ---


def test_a_chain_of_too_little_work_is_not_stored(make_node, stack):
    server = serve(stack, 4500)
    node = make_node(connect(server), minimum_work(5000)).start()
    held_off = lambda: node.metrics().total("p2pnode_headers_held_off_total", reason="low_work")
    wait_until("headers are held off", lambda: held_off() >= 3, timeout=10)
    wait_until("the end is reached", lambda: "too little work" in node.log(), timeout=10)
    assert node.height() == 0
    assert saved(node) == 0
    assert node.get("/readyz")[0] == 503


@pytest.mark.parametrize("minimum", [2001, 4500, 6999, 12000])
def test_a_chain_of_enough_work_is_shown_twice_and_stored(make_node, stack, minimum):
    server = serve(stack, 12000)
    node = make_node(connect(server), minimum_work(minimum)).start()
    node.wait_for_height(12000, timeout=30)
    assert node.best_hash() == server.chain.tip_hash
    wait_until("it is ready", lambda: node.get("/readyz")[0] == 200, timeout=10)


def test_a_peer_with_another_chain_the_second_time_is_found_out(make_node, stack):
    first, second = wire.Chain(b"first"), wire.Chain(b"second")
    first.extend(9000)
    second.extend(9000)
    server = stack.enter_context(HeaderServer(Turncoat(first, second)))
    node = make_node(connect(server), minimum_work(8900)).start()
    differ = lambda: "differ from those shown before" in node.log()
    wait_until("the change is noticed", differ, timeout=20)
    assert node.height() <= 9000 - 7017


class Turncoat:
    """Serves one chain, and another from when it is asked from the start again."""

    def __init__(self, first, second):
        self.chain, self.second = first, second
        self.height = first.height
        self.from_the_start = 0

    def after(self, locator, stop):
        self.from_the_start += locator[0] == wire.GENESIS_HASH
        if self.from_the_start == 2:
            self.chain = self.second
        return self.chain.after(locator, stop)


def test_large_batches_that_nobody_asked_for_are_not_looked_at(make_node, stack):
    server = serve(stack, 2500)
    node = make_node(connect(server)).start()
    node.wait_for_height(2500)
    flood = wire.Chain(b"flood")
    flood.extend(2000)
    with Connection.to(node.port) as peer:
        peer.handshake()
        peer.round_trip()
        batch = wire.headers_payload(flood.headers)
        for _ in range(20):
            peer.send("headers", batch)
        assert peer.wait_closed()
    parted = lambda: node.disconnects(reason="unsolicited")
    wait_for_value("peers parted from", parted, 1, timeout=5)
    assert node.height() == 2500


def test_a_silent_peer_that_claims_more_does_not_keep_others_from_being_followed(make_node, stack):
    server = stack.enter_context(HeaderServer(wire.Chain(b"nothing yet")))
    node = make_node(connect(server)).start()
    node.wait_for_peers(1)
    with Connection.to(node.port) as silent:
        silent.handshake(height=1000000)
        silent.wait_for("getheaders")
        server.announce(server.chain.extend(4100)[-1:])
        node.wait_for_height(4100)
