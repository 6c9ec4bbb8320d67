"""Proofs of transactions in blocks that are not kept: fetched from peers, good, bad and silent."""

import pytest
import wire
from bitcoin_blocks import BlockServer, chain_with_old_transactions
from electrum_client import LineClient
from process import free_port
from waiting import wait_until

OLD, BLOCKS = 5, 320  # the last 288 are kept
FAST = ("--retry-interval=0.2", "--retry-max=0.5")


@pytest.fixture(name="chain")
def make_chain():
    return chain_with_old_transactions(BLOCKS, OLD)


@pytest.fixture
def electrum(make_node, stack, chain):
    """Starts peers with these ways, and a node with its last blocks that knows no others."""

    def start(*ways):
        peers = [stack.enter_context(BlockServer(chain, **way)) for way in ways]
        port = free_port()
        node = make_node(
            "--electrum",
            f"--electrum-listen=127.0.0.1:{port}",
            *FAST,
            *(f"--connect=127.0.0.1:{peer.port}" for peer in peers),
        ).start()
        node.wait_for_height(BLOCKS, timeout=60)
        client = stack.enter_context(LineClient(port))
        client.join()
        wait_until(
            "the last blocks are kept",
            lambda: node.metrics().total("p2pnode_blocks_kept") == 288,
            60,
        )
        return node, peers, client

    return start


def loans(node, result):
    return int(node.metrics().total("p2pnode_block_loans_total", result=result))


def check_proof(chain, client, position):
    header = chain.headers[OLD - 1]
    txids = [tx.txid for tx in chain.transactions[header.hash]]
    proof = client.call("blockchain.transaction.get_merkle", txids[position][::-1].hex(), OLD)
    assert proof["pos"] == position and proof["block_height"] == OLD
    node = txids[position]
    for beside in proof["merkle"]:
        other = bytes.fromhex(beside)[::-1]
        node = wire.sha256d(other + node if position & 1 else node + other)
        position >>= 1
    assert node == header.raw[36:68]


def fails(client, method, *params):
    client.send({"method": method, "params": params, "id": 1})
    return client.receive()["error"]


def test_a_block_that_is_not_kept_is_fetched_once(electrum, chain):
    node, (peer,), client = electrum({})
    old = chain.headers[OLD - 1].hash
    assert old not in peer.asked
    for position in range(6):
        check_proof(chain, client, position)
    txid = chain.transactions[old][3].txid[::-1].hex()
    assert client.call("blockchain.transaction.id_from_pos", OLD, 3) == txid
    assert client.call("blockchain.transaction.id_from_pos", OLD, 3, True)["tx_hash"] == txid
    assert peer.asked.count(old) == 1
    assert loans(node, "ok") == 1
    assert node.metrics().total("p2pnode_blocks_kept") == 288
    assert fails(client, "blockchain.transaction.id_from_pos", OLD, 6)["code"] == 1
    assert fails(client, "blockchain.transaction.id_from_pos", BLOCKS + 1, 0)["code"] == 1


def test_the_genesis_block_needs_no_peer(electrum):
    _, (peer,), client = electrum({})
    header = bytes.fromhex(client.call("blockchain.block.header", 0))
    asked = len(peer.asked)
    expected = header[36:68][::-1].hex()
    assert client.call("blockchain.transaction.id_from_pos", 0, 0) == expected
    assert len(peer.asked) == asked


def test_who_sends_another_block_loses_its_connection_and_the_next_is_asked(electrum, chain):
    def spoil(raw):
        """A transaction of the old block is changed, and nothing else."""
        return raw[:-5] + b"\1" + raw[-4:] if wire.sha256d(raw[:80]) == old else raw

    old = chain.headers[OLD - 1].hash
    node, (one, other), client = electrum({"spoil": spoil}, {"spoil": spoil})
    assert fails(client, "blockchain.transaction.id_from_pos", OLD, 1)["code"] == -102
    assert old in one.asked and old in other.asked
    wait_until(
        "both are parted from",
        lambda: node.disconnects(network="bitcoin", reason="bad_merkle_root") == 2,
        10,
    )
    one.spoil = other.spoil = lambda raw: raw
    node.wait_for_peers(2, network="bitcoin", timeout=30)
    check_proof(chain, client, 2)


def test_a_silent_peer_is_left_for_another(electrum, chain):
    node, peers, client = electrum({}, {})
    peers[0].silent = True
    old = chain.headers[OLD - 1].hash
    check_proof(chain, client, 1)  # of whichever was asked first
    assert old in peers[1].asked
    assert loans(node, "ok") == 1


def test_a_block_that_nobody_has_is_an_error_that_says_so(electrum, chain):
    node, (peer,), client = electrum({})
    old = chain.headers[OLD - 1].hash
    chain.blocks[old], kept = None, chain.blocks[old]
    error = fails(client, "blockchain.transaction.id_from_pos", OLD, 1)
    assert error == {"code": -102, "message": "no peer sent the block in time"}
    assert loans(node, "timeout") == 1
    chain.blocks[old] = kept  # a failure is not remembered
    check_proof(chain, client, 1)
    assert peer.asked.count(old) == 2
