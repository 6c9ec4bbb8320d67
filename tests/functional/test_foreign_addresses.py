"""Addresses pass between p2pnode and bcoin and btcd, in both directions.

One p2pnode knows addresses from its peers.json. The foreign node dials it, asks, and keeps what it is
told; a second p2pnode, which knows nobody, dials the foreign node, asks, and is told of the same.

Full nodes keep no loopback addresses, so these are of 240.0.0.0/4, which is routable to all three and
assigned to nobody. They are only talked about: each foreign node keeps to the one peer that it is given,
and p2pnode to --netrestrict.
"""

import pytest
from foreign import Bcoin, Btcd
from peers_json import peers_file
from waiting import wait_until

SERVICES = 0x9  # NODE_NETWORK and NODE_WITNESS: bcoin keeps no others
ADDRESSES = [f"{240 + i % 15}.{i // 15}.7.{1 + i % 250}:8333" for i in range(600)]


def known_to(node):
    return {f"{a['address']}:{a['port']}" for a in node.call("getnodeaddresses", 0)}


@pytest.fixture(params=[Bcoin, Btcd], ids=lambda kind: kind.name)
def kind(request):
    reason = request.param.missing()
    if reason:
        pytest.skip(reason)
    return request.param


def test_addresses_reach_a_node_that_knows_nobody_by_way_of_a_full_node(
    make_node, kind, tmp_path, stack
):
    teller = make_node(f"--advertise-services={SERVICES:x}")
    teller.datadir.mkdir(parents=True)
    (teller.datadir / "peers.json").write_text(peers_file(ADDRESSES, SERVICES), encoding="ascii")
    teller.start()
    ours = known_to(teller)
    assert len(ours) > 400, f"only {len(ours)} of the addresses found a place"
    assert ours <= set(ADDRESSES)

    full = kind(tmp_path, only=teller.port)
    stack.callback(full.stop)
    full.start()
    wait_until("the full node keeps what it is told", lambda: full.known_addresses() > 10, 20)

    asker = make_node(f"--connect=127.0.0.1:{full.port}").start()
    wait_until("the other p2pnode is told of them", lambda: len(known_to(asker)) > 10, 20)
    assert known_to(asker) <= ours
    explained = asker.call("journal", 20, "found")
    assert [record["reason"] for record in explained] == ["gossip"]
    assert asker.metrics().total("p2pnode_dials_total", result="ok") == 1
    assert full.running()
