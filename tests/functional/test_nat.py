"""Ports mapped by a gateway: asked for, announced to both networks, and given back."""

import re
import socket
import struct

import pytest
from bitcoin_p2p import Connection
from discovery_peers import DEVP2P, devp2p, free_udp_port
from gateway import Gateway, InternetGateway
from process import LOOPBACK
from waiting import wait_for_value, wait_until


@pytest.fixture
def gateway(stack):
    def start(**named):
        server = Gateway(**named)
        stack.callback(server.stop)
        return server.start()

    return start


@pytest.fixture
def device(stack):
    def start(**named):
        server = InternetGateway(**named)
        stack.callback(server.stop)
        return server.start()

    return start


def mappings(node):
    return int(node.metrics().total("p2pnode_nat_mappings"))


def announced_to(connection):
    """The first address of which the node says that it is its own, as (host, port)."""
    payload = connection.wait_for("addr", timeout=20)
    host, port = payload[1 + 4 + 8 + 12 :][:4], payload[1 + 4 + 8 + 16 :][:2]
    return socket.inet_ntoa(host), struct.unpack(">H", port)[0]


@pytest.mark.parametrize("speaks_pcp", [True, False], ids=["pcp", "natpmp"])
def test_the_outside_address_is_announced_to_bitcoin_peers(make_node, gateway, speaks_pcp):
    server = gateway(speaks_pcp=speaks_pcp)
    node = make_node("--nat", f"--nat-gateway={server.address}").start()
    wait_for_value("mappings", lambda: mappings(node), 1, 10)
    assert server.mapped == {("tcp", node.port)}
    with Connection.to(node.port) as peer:
        peer.handshake()
        peer.send("getaddr")
        assert announced_to(peer) == (server.outside, node.port)
    assert node.stop() == 0
    wait_for_value("ports that are still mapped", lambda: server.mapped, set(), 5)


@pytest.mark.skipif(not DEVP2P.is_file(), reason=f"{DEVP2P} is missing; scripts/test installs it")
def test_the_outside_address_stands_in_the_ethereum_record(make_node, gateway):
    server, port = gateway(), free_udp_port()
    ethereum = ("--ethereum=mordor", f"--eth-listen={LOOPBACK}:{port}")
    node = make_node("--nat=pcp", f"--nat-gateway={server.address}", *ethereum).start()
    wait_for_value("mappings", lambda: mappings(node), 3, 10)
    assert {("udp", port), ("tcp", port)} <= server.mapped
    key = re.search(r"enode://([0-9a-f]{128})", node.log())[1]
    at = f"enode://{key}@{LOOPBACK}:{port}"
    alone = ("-bootnodes", at, "-addr", f"{LOOPBACK}:0")
    record = re.search(r"enr:\S+", devp2p("discv4", "requestenr", *alone, at))[0]
    said = devp2p("enrdump", record)
    assert server.outside in said and str(port) in said, said


def test_without_the_option_no_gateway_is_asked(make_node, gateway):
    server = gateway()
    node = make_node(f"--nat-gateway={server.address}").start()
    other = make_node("--nat", f"--nat-gateway={server.address}").start()
    wait_for_value("mappings of the other", lambda: mappings(other), 1, 10)
    assert server.mapped == {("tcp", other.port)}
    assert node.stop() == 0


def test_an_outside_address_that_is_private_is_not_announced(make_node, gateway):
    server = gateway()
    server.outside = "192.168.7.7"  # there is another gateway behind it
    node = make_node("--nat", f"--nat-gateway={server.address}").start()
    wait_for_value("mappings", lambda: mappings(node), 1, 10)
    with Connection.to(node.port) as peer:
        peer.handshake()
        peer.send("getaddr")
        peer.round_trip()
        assert "addr" not in peer.received
    assert "not a public one" in node.log()


def start_with_upnp(node):
    """Starts a node that is told to use UPnP alone; the test is skipped where it cannot."""
    node.launch()
    wait_until("it answers or ends", lambda: not node.running() or node.get("/livez")[0], 10)
    if not node.running():
        assert "cannot start port mapping" in node.log()
        pytest.skip("built without miniupnpc")
    return node


@pytest.mark.parametrize("permanent", [False, True], ids=["leases", "permanent"])
def test_upnp_maps_where_it_is_asked_for(make_node, device, permanent):
    server = device(only_permanent=permanent)
    node = start_with_upnp(make_node("--nat=upnp", f"--nat-gateway={server.address}"))
    wait_for_value("mappings", lambda: mappings(node), 1, 10)
    assert server.mapped == {("TCP", node.port): "0" if permanent else "2400"}
    with Connection.to(node.port) as peer:
        peer.handshake()
        peer.send("getaddr")
        assert announced_to(peer) == (server.outside, node.port)
    assert node.stop() == 0
    assert server.mapped == {}


def test_upnp_is_tried_when_the_gateway_refuses_the_rest(make_node, gateway, device):
    refusing = gateway(refuses=True)
    server = device(port=refusing.port)  # the same gateway, over TCP
    start_with_upnp(make_node("--nat=upnp", f"--nat-gateway={server.address}")).stop()
    node = make_node("--nat", f"--nat-gateway={server.address}").start()
    wait_for_value("mappings", lambda: mappings(node), 1, 10)
    assert list(server.mapped) == [("TCP", node.port)]
    assert refusing.mapped == set()
