"""A TCP relay on loopback that lets only so many bytes a second through, each way."""

import contextlib
import socket
import threading
import time

from process import LOOPBACK

CHUNK_BYTES = 1024


class SlowLine:
    """Whoever connects to its port talks to the target's, slowly."""

    def __init__(self, target_port, bytes_per_second):
        self.target_port = target_port
        self.bytes_per_second = bytes_per_second
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]
        self._run(self._accept)

    def _run(self, function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self.listener.accept()
                callee = socket.create_connection((LOOPBACK, self.target_port))
                self.sockets += [caller, callee]
                self._run(self._relay, caller, callee)
                self._run(self._relay, callee, caller)

    def _relay(self, source, sink):
        with contextlib.suppress(OSError):
            # What waits in the kernel would arrive at once: little does.
            source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * CHUNK_BYTES)
            while data := source.recv(CHUNK_BYTES):
                time.sleep(len(data) / self.bytes_per_second)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
