"""Beyond the merge, on eth/69: from geth to us, from us to geth, and transactions through us."""

import pytest
from eth_accounts import SIGN, Account
from eth_merged import NETWORK_ID, MergedGeth, missing
from rlpx_peers import ethereum_options
from waiting import wait_for_value, wait_until

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
    pytest.mark.skipif(not SIGN.is_file(), reason=f"{SIGN} is not built"),
]

BLOCKS = 300
RECEIVER = "00000000000000000000000000000000000000aa"
PAYMENTS = 12


@pytest.fixture
def geths(tmp_path, stack):
    geths = [MergedGeth(tmp_path / f"geth{i}") for i in range(2)]
    for geth in geths:
        stack.callback(geth.stop)
        geth.start()
    return geths


@pytest.fixture
def faucet():
    return Account(chain_id=NETWORK_ID)


def grow(geth, faucet):
    """A chain, with transactions of two types among its last blocks."""
    while geth.make_block() < BLOCKS - 4:
        pass
    for i in range(PAYMENTS):
        pay = faucet.legacy if i % 2 else faucet.dynamic_fee
        geth.rpc("eth_sendRawTransaction", pay(RECEIVER, 1 + i))
    while geth.make_block() < BLOCKS:
        pass
    count = int(geth.rpc("eth_getTransactionCount", f"0x{faucet.address}", "latest"), 16)
    assert count == PAYMENTS, "no block has the transactions"


def head(node):
    return int(node.metrics().total("p2pnode_eth_head_number"))


def receipts(node):
    return int(node.metrics().total("p2pnode_eth_receipts_number"))


def connected_by(node, geths):
    """Which version each of these geths speaks with the node."""
    peers = node.call("admin_peers")
    assert all(peer["name"].startswith("Geth/v1.16.7") for peer in peers), peers
    return [peer["protocols"]["eth"]["version"] for peer in peers] == [69] * len(geths)


def is_valid(answer):
    return answer["payloadStatus"]["status"] == "VALID"


def test_the_chain_goes_from_geth_to_us_and_from_us_to_another_geth(make_node, geths, faucet):
    giver, taker = geths
    grow(giver, faucet)
    enodes = ",".join(geth.enode() for geth in geths)
    options = [f"--eth-head={giver.head_hash()}", "--eth-receipts", f"--eth-static={enodes}"]
    network = giver.datadir.parent / "genesis.json"
    node = make_node(*ethereum_options(*options, network=network)).start()
    wait_until("sessions with both", lambda: connected_by(node, geths), timeout=60)
    wait_for_value("headers and bodies", lambda: head(node), BLOCKS, timeout=60)
    wait_for_value("receipts", lambda: receipts(node), BLOCKS, timeout=60)

    # The other geth hears of the head from its consensus client, and has nobody but us to ask.
    assert taker.height() == 0
    assert taker.take_payload(giver.payload) == "SYNCING"
    assert not is_valid(taker.choose_head(giver.head_hash()))
    wait_for_value("the chain that it got from us", taker.height, BLOCKS, timeout=120)
    wait_until("it is in sync", lambda: is_valid(taker.choose_head(giver.head_hash())), timeout=60)
    assert node.metrics().total("p2pnode_eth_items_served_total") >= BLOCKS - 1
    assert node.messages("in", "get_block_bodies") > 0  # of the blocks with transactions

    # Both are in sync, so both take transactions from others: from us.
    for one, other in [geths, geths[::-1]]:
        transaction = one.rpc("eth_sendRawTransaction", faucet.dynamic_fee(RECEIVER, 5))
        wait_until(
            "the other geth knows the transaction",
            lambda other=other, transaction=transaction: other.knows_transaction(transaction),
            timeout=60,
        )
    assert connected_by(node, geths)
