"""The Electrum server, asked by Debian's electrum, by aiorpcX, and by lines that a test writes."""

import pathlib
import random
import subprocess
import time

import pytest
import wire
from bitcoin_p2p import Connection, HeaderServer
from electrum_client import LineClient, RealClient
from foreign import Bcoin
from process import free_port
from transactions import regtest_address, spend_coinbase
from waiting import TIME_FACTOR, wait_until

HERE = pathlib.Path(__file__).resolve().parent
DEBIAN_PYTHON = "/usr/bin/python3"
HEADERS = 2100
MATURITY = 100


@pytest.fixture
def peer(stack):
    return stack.enter_context(HeaderServer(wire.Chain()))


@pytest.fixture
def server(make_node, peer):
    """A p2pnode at HEADERS headers that serves Electrum over TCP and TLS."""
    peer.chain.extend(HEADERS)
    tcp, tls = free_port(), free_port()
    node = make_node(
        "--electrum",
        f"--electrum-listen=127.0.0.1:{tcp}",
        f"--electrum-tls-listen=127.0.0.1:{tls}",
        f"--connect=127.0.0.1:{peer.port}",
    ).start()
    node.electrum_ports = {"t": tcp, "s": tls}
    node.wait_for_height(HEADERS)
    return node


def sessions(node, **labels):
    return int(node.metrics().total("p2pnode_peers", network="electrum", **labels))


def opened(node):
    return int(node.metrics().total("p2pnode_connections_total", network="electrum"))


@pytest.fixture(params=["t", "s"], ids=["tcp", "tls"])
def real_client(request, server, tmp_path, stack):
    reason = RealClient.missing()
    if reason:
        pytest.skip(reason)
    client = RealClient(tmp_path, server.electrum_ports[request.param], request.param)
    stack.callback(client.stop)
    client.start()
    return client


def test_debians_electrum_follows_our_chain_on_one_connection(server, peer, real_client):
    real_client.wait_for_height(HEADERS)
    connections = opened(server)
    assert sessions(server) == 1
    peer.announce(peer.chain.extend(1))
    real_client.wait_for_height(HEADERS + 1)
    peer.chain = peer.chain.fork(HEADERS - 2, b"other")  # three deep
    peer.announce(peer.chain.extend(5))
    real_client.wait_for_height(HEADERS + 3)
    time.sleep(3)  # a client that is dissatisfied comes again every second
    assert opened(server) == connections
    assert sessions(server) == 1


def test_aiorpcx_is_understood_in_every_version(server):
    try:
        subprocess.run([DEBIAN_PYTHON, "-c", "import aiorpcx"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("python3-aiorpcx is not installed")
    script = [DEBIAN_PYTHON, HERE / "aiorpcx_client.py", server.electrum_ports["t"], HEADERS]
    done = subprocess.run(
        [str(word) for word in script],
        capture_output=True,
        text=True,
        timeout=60 * TIME_FACTOR,
        check=False,
    )
    assert done.stdout.strip() == "fine", done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["t", "s"], ids=["tcp", "tls"])
def test_subscribers_hear_of_blocks_and_of_a_reorganisation(server, peer, kind):
    with LineClient(server.electrum_ports[kind], tls=kind == "s") as client:
        software, version = client.join()
        assert software.startswith("p2pnode ") and version == "1.4"
        assert client.call("blockchain.headers.subscribe")["height"] == HEADERS
        block = peer.chain.extend(1)
        peer.announce(block)
        told = client.receive()
        assert told["method"] == "blockchain.headers.subscribe"
        assert told["params"] == [{"hex": block[-1].raw.hex(), "height": HEADERS + 1}]
        peer.chain = peer.chain.fork(HEADERS - 2, b"other")
        branch = peer.chain.extend(5)
        peer.announce(branch)
        told = client.receive()
        assert told["params"] == [{"hex": branch[-1].raw.hex(), "height": HEADERS + 3}]


def test_headers_are_proven_below_a_checkpoint(server, peer):
    headers = [header.hash for header in peer.chain.headers]
    with LineClient(server.electrum_ports["t"]) as client:
        client.join()
        answer = client.call("blockchain.block.header", 1500, 2000)
        node, index = headers[1499], 1500
        for beside in answer["branch"]:
            other = bytes.fromhex(beside)[::-1]
            node = wire.sha256d(other + node if index & 1 else node + other)
            index >>= 1
        assert node[::-1].hex() == answer["root"]
        assert answer["header"] == peer.chain.headers[1499].raw.hex()


def test_the_certificate_stays_the_same_over_a_restart(make_node):
    node = make_node(
        "--electrum", "--no-electrum-listen", f"--electrum-tls-listen=127.0.0.1:{free_port()}"
    ).start()
    certificate = (node.datadir / "electrum-cert.pem").read_text()
    assert (node.datadir / "electrum-key.pem").stat().st_mode & 0o777 == 0o600
    assert node.stop() == 0
    node.start()
    assert (node.datadir / "electrum-cert.pem").read_text() == certificate


def test_clients_beyond_the_share_of_an_address_are_refused(make_node):
    port = free_port()
    listen = f"--electrum-listen=127.0.0.1:{port}"
    node = make_node("--electrum", listen, "--electrum-sessions-per-address=2").start()
    with LineClient(port) as one, LineClient(port) as two, LineClient(port) as three:
        one.join()
        two.join()
        assert three.receive() is None
        assert node.metrics().total("p2pnode_electrum_sessions") == 2
        assert one.call("server.ping") is None
    wait_until("the sessions are gone", lambda: sessions(node) == 0, 5)
    wait_until(
        "none is counted", lambda: node.metrics().total("p2pnode_electrum_sessions") == 0, 60
    )
    with LineClient(port) as again:
        again.join()


def test_a_client_that_costs_too_much_is_parted_from(make_node):
    port = free_port()
    limits = ("--electrum-cost-soft=999", "--electrum-cost-hard=1000")
    node = make_node("--electrum", f"--electrum-listen=127.0.0.1:{port}", *limits).start()
    with LineClient(port) as client:
        client.join()
        for number in range(20):
            client.send({"jsonrpc": "2.0", "method": "none", "id": number})
        last = None
        while (answer := client.receive()) is not None:
            last = answer
        assert last["error"]["code"] == -101
    reason = {"network": "electrum", "reason": "cost_limit"}
    wait_until("the reason is counted", lambda: node.disconnects(**reason) == 1, 5)
    costs, name = node.metrics(), "p2pnode_electrum_session_cost"
    assert costs.total(f"{name}_bucket", le="10") == 1  # server.version; then 100 for each error
    assert costs.total(f"{name}_bucket", le="500") in (4, 5)
    assert costs.total(f"{name}_count") >= 10


def make_transaction():
    """A transaction of legal form that spends an output nobody knows."""
    spent = random.randbytes(32) + (0).to_bytes(4, "little")
    script = bytes([2, 1, 2])
    tx_in = b"\x01" + spent + bytes([len(script)]) + script + b"\xff\xff\xff\xff"
    tx_out = b"\x01" + (1000).to_bytes(8, "little") + b"\x16\x00\x14" + bytes(20)
    return (2).to_bytes(4, "little") + tx_in + tx_out + bytes(4)


def test_a_transaction_is_answered_for_once_a_peer_has_asked_for_it(make_node):
    port = free_port()
    node = make_node("--electrum", f"--electrum-listen=127.0.0.1:{port}").start()
    raw = make_transaction()
    with Connection.to(node.port) as peer, LineClient(port) as client:
        peer.handshake(relay=True)
        node.wait_for_peers(1, network="bitcoin")
        client.join()
        request = {"method": "blockchain.transaction.broadcast", "params": [raw.hex()], "id": 9}
        client.send(request)
        inventory = peer.wait_for("inv", timeout=30)
        assert inventory[5:37] == wire.sha256d(raw)
        peer.send("getdata", inventory)
        assert peer.wait_for("tx") == raw
        assert client.receive()["result"] == wire.sha256d(raw)[::-1].hex()
        assert client.call("blockchain.transaction.get", wire.sha256d(raw)[::-1].hex()) == raw.hex()
        client.send({**request, "params": [raw.hex()[:-2]]})
        assert client.receive()["error"]["code"] == 1


@pytest.mark.parametrize("kind", ["t", "s"], ids=["tcp", "tls"])
def test_debians_electrum_sends_a_transaction_to_bcoin(make_node, tmp_path, stack, kind):
    for program in (RealClient, Bcoin):
        if reason := program.missing():
            pytest.skip(reason)
    bcoin = Bcoin(tmp_path)
    stack.callback(bcoin.stop)
    bcoin.start()
    bcoin.rpc("generatetoaddress", MATURITY + 1, regtest_address())
    port = free_port()
    listen = "--electrum-tls-listen" if kind == "s" else "--electrum-listen"
    node = make_node(
        "--electrum", f"{listen}=127.0.0.1:{port}", f"--connect=127.0.0.1:{bcoin.port}"
    ).start()
    node.wait_for_height(bcoin.height(), timeout=60)
    client = RealClient(tmp_path, port, kind)
    stack.callback(client.stop)
    client.start()
    client.wait_for_height(bcoin.height())
    sent = spend_coinbase(bcoin, 1)
    status, said, complaint = client.command("broadcast", sent.raw.hex())
    assert (status, said) == (0, sent.display_id), complaint
    wait_until(
        "bcoin has it", lambda: sent.display_id in bcoin.rpc("getrawmempool"), 30
    )


def test_transactions_of_kept_blocks_are_proven(make_node):
    port = free_port()
    node = make_node("--generate=0.05", "--electrum", f"--electrum-listen=127.0.0.1:{port}").start()
    wait_until("there are blocks", lambda: node.height() >= 2, 10)
    with LineClient(port) as client:
        client.join()
        header = bytes.fromhex(client.call("blockchain.block.header", 1))
        coinbase = header[36:68][::-1].hex()  # alone, it is the root
        assert client.call("blockchain.transaction.id_from_pos", 1, 0) == coinbase
        proof = {"block_height": 1, "merkle": [], "pos": 0}
        assert client.call("blockchain.transaction.get_merkle", coinbase, 1) == proof
