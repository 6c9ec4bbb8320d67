"""A gateway that maps ports by PCP (RFC 6887) or NAT-PMP (RFC 6886), on loopback."""

import socket
import struct
import threading

from process import LOOPBACK

PCP_MAP = 60  # bytes of a request and of its reply


class Gateway:
    """Leads every port to whoever asks, at an outside address that it says it has."""

    outside = "80.1.2.3"
    lifetime = 2400

    def __init__(self, speaks_pcp=True):
        self.speaks_pcp = speaks_pcp
        self.mapped = set()  # of ("tcp" or "udp", port)
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self):
        return f"{LOOPBACK}:{self.socket.getsockname()[1]}"

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            request, sender = self.socket.recvfrom(2000)
            if not request:
                return
            reply = self._pcp(request) if request[0] == 2 and self.speaks_pcp else self._pmp(request)
            self.socket.sendto(reply, sender)

    def _note(self, transport, port, lifetime):
        if lifetime:
            self.mapped.add((transport, port))
        else:
            self.mapped.discard((transport, port))

    def _pcp(self, request):
        assert len(request) == PCP_MAP
        lifetime, nonce, protocol = request[4:8], request[24:36], request[36]
        (port,) = struct.unpack(">H", request[40:42])
        self._note({6: "tcp", 17: "udp"}[protocol], port, any(lifetime))
        head = struct.pack(">BBBBII12x", 2, 0x81, 0, 0, self.lifetime, 1000)
        address = bytes(10) + b"\xff\xff" + socket.inet_aton(self.outside)
        return head + nonce + bytes([protocol, 0, 0, 0]) + struct.pack(">HH", port, port) + address

    def _pmp(self, request):
        head = struct.pack(">BBHI", 0, 128 | (request[1] & 127), 0, 1000)
        if request[0] != 0:
            return struct.pack(">BBHI", 0, 128, 1, 1000)  # of no version that is known
        if request[1] == 0:
            return head + socket.inet_aton(self.outside)
        port, _, lifetime = struct.unpack(">HHI", request[4:12])
        self._note({1: "udp", 2: "tcp"}[request[1]], port, lifetime)
        return head + struct.pack(">HHI", port, port, self.lifetime)
