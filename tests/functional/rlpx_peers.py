"""p2pnode as an Ethereum node on loopback."""

import re

from discovery_peers import free_udp_port
from process import LOOPBACK
from waiting import wait_until

ENODE = re.compile(r"ethereum: on \S+ as (enode://\S+)")


def ethereum_options(*options, network="mainnet", port=None):
    """Options of a node with nobody to start from; its own enode URL is in its log."""
    return [
        f"--ethereum={network}",
        "--eth-bootnodes=",
        f"--eth-listen={LOOPBACK}:{port or free_udp_port()}",
        *options,
    ]


def enode_of(node):
    """The enode URL that a started p2pnode has given itself."""

    def found():
        match = ENODE.search(node.log())
        return match and match[1]

    return wait_until("p2pnode says who it is", found, timeout=10)
