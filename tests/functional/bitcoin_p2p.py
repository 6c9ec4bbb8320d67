"""Test peers that speak the Bitcoin protocol over wire.py.

Connection is one socket driven by the test, step by step, to behave well or badly. HeaderServer is a
well-behaved listening peer on its own thread that serves a wire.Chain.
"""

import contextlib
import random
import socket
import threading
import time

import wire
from waiting import TIME_FACTOR

LOOPBACK = "127.0.0.1"


class Closed(Exception):
    """The other side has closed the connection."""


class Silent(AssertionError):
    """The message waited for has not come in time."""


class Connection:
    """One connection, without a thread: whatever arrives is read when the test asks for it."""

    def __init__(self, sock):
        self.socket = sock
        self.buffer = b""
        self.received = []  # names of all messages read so far
        self.remote_version = None

    @classmethod
    def to(cls, port, timeout=5):
        return cls(socket.create_connection((LOOPBACK, port), timeout=timeout * TIME_FACTOR))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send_raw(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed(str(error)) from None

    def send(self, command, payload=b"", **forged):
        self.send_raw(wire.frame(command, payload, **forged))

    def receive(self, timeout=5):
        """The next message as (command, payload)."""
        deadline = time.monotonic() + timeout * TIME_FACTOR
        self._fill(wire.HEADER_SIZE, deadline)
        if self.buffer[:4] != wire.MAGIC:
            raise AssertionError(f"magic {self.buffer[:4].hex()}, expected {wire.MAGIC.hex()}")
        command = self.buffer[4:16].rstrip(b"\0").decode("ascii")
        size = int.from_bytes(self.buffer[16:20], "little")
        self._fill(wire.HEADER_SIZE + size, deadline)
        checksum = self.buffer[20:24]
        payload = self.buffer[wire.HEADER_SIZE : wire.HEADER_SIZE + size]
        self.buffer = self.buffer[wire.HEADER_SIZE + size :]
        if wire.sha256d(payload)[:4] != checksum:
            raise AssertionError(f"{command} came with a wrong checksum")
        self.received.append(command)
        return command, payload

    def _fill(self, size, deadline):
        while len(self.buffer) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Silent(f"nothing came; so far {self.received}")
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(1 << 16)
            except socket.timeout:
                continue
            except ConnectionResetError as error:
                raise Closed(str(error)) from None
            if not data:
                raise Closed(f"end of stream after {self.received}")
            self.buffer += data

    def wait_for(self, wanted, timeout=5):
        """Reads until a message of that name has come and returns its payload; answers pings."""
        deadline = time.monotonic() + timeout * TIME_FACTOR
        while True:
            left = (deadline - time.monotonic()) / TIME_FACTOR
            if left <= 0:
                raise Silent(f"no {wanted} within {timeout} s; so far {self.received}")
            command, payload = self.receive(left)
            if command == "ping" and wanted != "ping":
                self.send("pong", payload)
            if command == wanted:
                return payload

    def wait_closed(self, timeout=5):
        """True once the other side closes; False if it still talks or is silent at the deadline."""
        deadline = time.monotonic() + timeout * TIME_FACTOR
        try:
            while time.monotonic() < deadline:
                self.receive((deadline - time.monotonic()) / TIME_FACTOR)
        except Closed:
            return True
        except Silent:
            pass
        return False

    def handshake(self, timeout=5, before_verack=(), **version):
        """Completes the handshake from either side of the connection; features are named before its end."""
        version.setdefault("nonce", random.getrandbits(64))
        self.send("version", wire.version_payload(**version))
        self.remote_version = wire.parse_version(self.wait_for("version", timeout))
        for feature in before_verack:
            self.send(feature)
        self.send("verack")
        self.wait_for("verack", timeout)
        return self

    def round_trip(self, timeout=5):
        """Sends a ping and waits for its pong: everything sent before has been handled then."""
        nonce = random.getrandbits(64).to_bytes(8, "little")
        self.send("ping", nonce)
        while self.wait_for("pong", timeout) != nonce:
            pass

    def get_headers(self, locator, stop=bytes(32), timeout=5):
        """Asks for headers and returns them, 80 bytes each."""
        self.send("getheaders", wire.locator_payload(locator, stop))
        return wire.parse_headers(self.wait_for("headers", timeout))

    def chain_hashes(self, timeout=5):
        """The hashes of the other side's best chain from height 1 on, as getheaders tells them."""
        hashes = []
        while True:
            headers = self.get_headers([hashes[-1] if hashes else wire.GENESIS_HASH], timeout=timeout)
            hashes += [wire.sha256d(raw) for raw in headers]
            if len(headers) < wire.MAX_HEADERS:
                return hashes


class HeaderServer:
    """A peer that listens, serves the headers of a chain and announces new ones."""

    def __init__(self, chain, host=LOOPBACK):
        self.chain = chain
        self.connections = []
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop()
        self.thread.join()

    def drop(self):
        """Closes all connections; the listener stays."""
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.socket.shutdown(socket.SHUT_RDWR)

    def announce(self, headers):
        """Sends headers to every connection that has completed the handshake."""
        with self.lock:
            for connection in self.connections:
                if "verack" in connection.received:
                    connection.send("headers", wire.headers_payload(headers))

    def messages(self):
        """The names of the messages received, one list per connection."""
        with self.lock:
            return [list(connection.received) for connection in self.connections]

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            connection = Connection(sock)
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while True:
                self._answer(connection, *connection.receive(timeout=3600))
        except (Closed, OSError):
            connection.close()

    def _answer(self, connection, command, payload):
        if command == "version":
            connection.remote_version = wire.parse_version(payload)
            nonce = random.getrandbits(64)
            reply = wire.version_payload(nonce, height=self.chain.height)
            connection.send("version", reply)
            connection.send("verack")
        elif command == "ping":
            connection.send("pong", payload)
        elif command == "getheaders":
            found = self.chain.after(*wire.parse_locator(payload))
            connection.send("headers", wire.headers_payload(found))
