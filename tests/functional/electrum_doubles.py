"""Electrum servers that tell the truth, or lie in one way each; for the peer manager to find out."""

import contextlib
import json
import socket
import ssl
import threading


class Double:
    """A server on one loopback address. `lies` overrides single answers; an answer may be a function
    of the connection, which does as it likes."""

    def __init__(self, host, chain, genesis, tls=None, **lies):
        self.host = host
        self.chain = chain
        self.genesis = genesis
        self.tls = tls
        self.lies = lies
        self.connections = 0
        self.asked = []
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    @property
    def text(self):
        """As --electrum-server takes it."""
        return f"{self.host}:{self.port}:{'s' if self.tls else 't'}"

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with contextlib.suppress(OSError, ValueError):
            if self.tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*self.tls)
                sock = context.wrap_socket(sock, server_side=True)
            for line in sock.makefile("rb"):
                request = json.loads(line)
                self.asked.append(request["method"])
                answer = self.answer(request["method"], request["params"])
                if callable(answer):
                    answer(sock)
                    continue
                reply = {"jsonrpc": "2.0", "result": answer, "id": request["id"]}
                sock.sendall(json.dumps(reply).encode() + b"\n")
        sock.close()

    def answer(self, method, params):
        if method in self.lies:
            return self.lies[method]
        height = self.chain.height
        if method == "server.version":
            return ["Double 1.0", "1.4"]
        if method == "blockchain.headers.subscribe":
            return {"height": height, "hex": self.chain.headers[-1].raw.hex()}
        if method == "blockchain.block.header":
            return self.chain.headers[params[0] - 1].raw.hex()
        if method == "server.features":
            hosts = {self.host: {"tcp_port": self.port}}
            return {"genesis_hash": self.genesis, "hosts": hosts}
        if method == "server.peers.subscribe":
            return []
        return True
