"""A server that answers one datagram after the other, on loopback."""

import socket
import threading

from process import LOOPBACK

LARGEST = 2000  # bytes of a request


class UdpServer:
    """To be derived from: answer(request) gives the bytes to be sent back."""

    def __init__(self):
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self):
        return self.socket.getsockname()[1]

    @property
    def address(self):
        return f"{LOOPBACK}:{self.port}"

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            request, sender = self.socket.recvfrom(LARGEST)
            if not request:
                return
            self.socket.sendto(self.answer(request), sender)
