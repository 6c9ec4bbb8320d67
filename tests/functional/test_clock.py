"""A clock that is wrong is noticed: by a time server on loopback, once nobody answers."""

import socket
import struct
import time

import pytest
from process import LOOPBACK
from udp_server import UdpServer
from waiting import wait_until

BOOTNODES = 25  # asked twice they make more than the 32 failures that make one doubt
NTP_EPOCH = 2208988800  # 1970 in seconds since 1900

# secp256k1 (SEC 2): a node's key must be a point of the curve.
P = 2**256 - 2**32 - 977
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def add(a, b):
    slope = 3 * a[0] ** 2 * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope**2 - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def enodes(port):
    """Nodes with different keys at one port."""
    point = G
    for _ in range(BOOTNODES):
        point = add(point, G)
        yield f"enode://{point[0]:064x}{point[1]:064x}@{LOOPBACK}:{port}"


class TimeServer(UdpServer):
    """Answers one SNTP request after the other (RFC 4330), so many seconds ahead."""

    def __init__(self, ahead):
        super().__init__()
        self.ahead = ahead
        self.asked = 0

    def answer(self, request):
        self.asked += 1
        now = struct.pack(">II", int(time.time()) + NTP_EPOCH + self.ahead, 0)
        head = struct.pack(">BBbb12x8x", 4 << 3 | 4, 2, 0, 0)
        return head + request[40:48] + now + now


@pytest.fixture
def nobody(stack):
    """A port from which no answer comes."""
    silent = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
    silent.bind((LOOPBACK, 0))
    return silent.getsockname()[1]


@pytest.mark.parametrize("ahead", [60, 0], ids=["wrong", "right"])
def test_the_clock_is_checked_when_nobody_answers(make_node, nobody, stack, ahead):
    server = TimeServer(ahead)
    stack.callback(server.stop)
    server.start()
    node = make_node(
        "--ethereum=mordor",
        f"--eth-listen={LOOPBACK}:0",
        f"--eth-bootnodes={','.join(enodes(nobody))}",
        f"--ntp-server={server.address}",
    ).start()
    wait_until("three questions", lambda: server.asked == 3, 30)
    if ahead:
        wait_until("a warning", lambda: "the system's clock is" in node.log(), 5)
    else:
        assert "the system's clock is" not in node.log()
