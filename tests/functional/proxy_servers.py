"""SOCKS5 servers, a name server and an I2P router from Debian, and what they are asked to reach: all on
loopback, as processes of the test."""

import base64
import contextlib
import getpass
import os
import queue
import shutil
import socket
import socketserver
import threading

from process import LOOPBACK, Process, free_port
from waiting import wait_until

SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"  # where Debian keeps daemons


def program(name):
    """The path of a program, or None when it is not installed."""
    return shutil.which(name) or shutil.which(name, path=SBIN)


def accepts(port):
    """Whether something accepts TCP connections on that port."""
    with socket.create_connection((LOOPBACK, port), timeout=5):
        return True


class _EchoHandler(socketserver.StreamRequestHandler):
    def handle(self):
        with self.server.lock:
            self.server.connections += 1
        for line in self.rfile:
            self.wfile.write(line)


class EchoServer(socketserver.ThreadingTCPServer):
    """Sends every line back, and counts its connections."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        self.lock = threading.Lock()
        self.connections = 0
        super().__init__((LOOPBACK, free_port()), _EchoHandler)
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def port(self):
        return self.server_address[1]

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Server(Process):
    """A server that is of use once it accepts connections on its port, which the subclass chooses."""

    name = None
    port = None

    def __init__(self, folder, argv):
        super().__init__(argv, folder / f"{self.name}.log")

    @property
    def address(self):
        return f"{LOOPBACK}:{self.port}"

    def start(self, **popen):
        super().start(**popen)
        wait_until(f"{self.name} accepts", lambda: accepts(self.port), timeout=20)
        return self


class Microsocks(Server):
    name = "microsocks"

    def __init__(self, folder, user=None, password=None):
        self.port = free_port()
        argv = [program("microsocks"), "-i", LOOPBACK, "-p", self.port]
        if user is not None:
            argv += ["-u", user, "-P", password]
        super().__init__(folder, argv)


class Dante(Server):
    """Without authentication: dante would want an account of the system for it."""

    name = "danted"
    config = """\
logoutput: stderr
internal: {host} port = {port}
external: lo
clientmethod: none
socksmethod: none
user.unprivileged: nobody
client pass {{ from: 127.0.0.0/8 to: 127.0.0.0/8 }}
socks block {{ from: 0.0.0.0/0 to: {blocked}/32 }}
socks pass {{ from: 127.0.0.0/8 to: 127.0.0.0/8
  command: connect
}}
"""

    blocked = "127.0.0.66"

    def __init__(self, folder):
        self.port = free_port()
        path = folder / "danted.conf"
        path.write_text(self.config.format(host=LOOPBACK, port=self.port, blocked=self.blocked))
        argv = [program("danted"), "-f", path, "-p", folder / "danted.pid"]
        super().__init__(folder, argv)


class Dnsmasq(Server):
    """A name server that knows the records it is given and asks nobody else."""

    name = "dnsmasq"

    def __init__(self, folder, *options):
        self.port = free_port()
        argv = [
            program("dnsmasq"),
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-hosts",
            "--no-resolv",
            "--local=/#/",
            f"--port={self.port}",
            f"--listen-address={LOOPBACK}",
            "--bind-interfaces",
            "--pid-file=",
            f"--user={getpass.getuser()}",
            "--log-queries",
            "--log-facility=-",
            *options,
        ]
        super().__init__(folder, argv)

    def questions(self):
        """The names it was asked for, each with its type: ["A seed.test", ...]."""
        found = []
        for line in self.log().splitlines():
            words = line.split()
            for at, word in enumerate(words):
                if word.startswith("query["):
                    found.append(f"{word[6:-1]} {words[at + 1].lower()}")
        return found


class I2pd(Server):
    """A router that knows no other one, and that could reach none: it binds to loopback, has no list of
    routers to start from, and a network number of its own. Sessions without hops can be made in it."""

    name = "i2pd"
    session_options = "inbound.length=0 outbound.length=0"
    config = """\
ipv4 = true
ipv6 = false
netid = 77
nat = false
host = {host}
address4 = {host}
log = stdout
[ntcp2]
enabled = true
port = {transport_port}
[ssu2]
enabled = false
[reseed]
threshold = 0
urls =
[nettime]
enabled = false
[upnp]
enabled = false
[http]
enabled = false
[httpproxy]
enabled = false
[socksproxy]
enabled = false
[addressbook]
enabled = false
[sam]
enabled = true
address = {host}
port = {port}
"""

    def __init__(self, folder):
        self.port = free_port()
        self.folder = folder / "i2pd"
        self.folder.mkdir()
        config, tunnels = self.folder / "i2pd.conf", self.folder / "tunnels.conf"
        config.write_text(self.config.format(host=LOOPBACK, port=self.port, transport_port=free_port()))
        tunnels.touch()
        argv = [program("i2pd"), f"--conf={config}", f"--tunconf={tunnels}"]
        argv += [f"--{name}={self.folder}" for name in ("datadir", "certsdir", "tunnelsdir")]
        super().__init__(folder, argv)


class SamBridge(socketserver.ThreadingTCPServer):
    """What an I2P router does on its SAM port when it has an I2P network: every name leads to one port
    here, and callers can be made up. It answers as the specification of SAM 3.1 says."""

    daemon_threads = True
    allow_reuse_address = True
    destination = "A" * 516

    def __init__(self, target_port=None, port=None):
        self.target_port = target_port
        self.sessions = {}
        self.controls = {}  # the connections of sessions
        self.created = 0
        self.waiting = queue.Queue()  # of those who ask who calls
        super().__init__((LOOPBACK, port or free_port()), _SamHandler)
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)

    def call(self, destination=None, timeout=20):
        """Calls whoever listens, from a destination; returns the stream's far end."""
        near, far = socket.socketpair()
        self.waiting.get(timeout=timeout).put((destination or self.destination, near))
        return far

    def drop_sessions(self):
        """What a restart of the router does to its clients."""
        for control in list(self.controls.values()):
            control.shutdown(socket.SHUT_RDWR)

    @property
    def address(self):
        return f"{LOOPBACK}:{self.server_address[1]}"

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


def new_i2p_key():
    """A private key as far as it can be told from others: keys, no certificate, secrets."""
    secret = base64.b64encode(os.urandom(384) + bytes(3) + os.urandom(64), altchars=b"-~")
    return secret.decode()


def pump(source, sink):
    """Carries bytes one way until there are no more."""
    try:
        while data := source.recv(4096):
            sink.sendall(data)
    except OSError:
        pass
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _SamHandler(socketserver.StreamRequestHandler):
    def handle(self):
        session = None
        for line in self.rfile:
            words = line.decode("ascii").split()
            values = dict(word.split("=", 1) for word in words[2:])
            command = " ".join(words[:2])
            if command == "HELLO VERSION":
                self.say("HELLO REPLY RESULT=OK VERSION=3.1")
            elif command == "SESSION CREATE":
                session = values["ID"]
                self.server.sessions[session] = values
                self.server.controls[session] = self.connection
                self.server.created += 1
                self.say(f"SESSION STATUS RESULT=OK DESTINATION={'B' * 884}")
            elif command == "DEST GENERATE":
                self.say(f"DEST REPLY PUB={self.server.destination} PRIV={new_i2p_key()}")
            elif command == "NAMING LOOKUP" and values["NAME"] != "absent.i2p":
                self.say(f"NAMING REPLY RESULT=OK NAME={values['NAME']} VALUE={self.server.destination}")
            elif command == "NAMING LOOKUP":
                self.say(f"NAMING REPLY RESULT=KEY_NOT_FOUND NAME={values['NAME']}")
            elif command == "STREAM CONNECT" and values["ID"] not in self.server.sessions:
                self.say("STREAM STATUS RESULT=INVALID_ID")
            elif command == "STREAM CONNECT":
                assert values["DESTINATION"] == self.server.destination
                self.carry()
                return
            elif command == "STREAM ACCEPT" and values["ID"] not in self.server.sessions:
                self.say("STREAM STATUS RESULT=INVALID_ID")
            elif command == "STREAM ACCEPT":
                self.answer_call()
                return
        self.server.sessions.pop(session, None)
        self.server.controls.pop(session, None)

    def say(self, line):
        self.wfile.write(f"{line}\n".encode())

    def answer_call(self):
        """The next caller's stream, from the line behind his destination on."""
        calls = queue.Queue()
        self.say("STREAM STATUS RESULT=OK")
        self.server.waiting.put(calls)
        destination, near = calls.get()
        self.say(destination)
        back = threading.Thread(target=pump, args=(near, self.connection), daemon=True)
        back.start()
        pump(self.connection, near)
        back.join()
        near.close()

    def carry(self):
        with socket.create_connection((LOOPBACK, self.server.target_port)) as far:
            self.say("STREAM STATUS RESULT=OK")
            with far.makefile("rb") as back:
                for line in self.rfile:
                    far.sendall(line)
                    self.wfile.write(back.readline())
