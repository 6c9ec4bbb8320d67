"""A Tor network of Debian's tor on loopback: a directory authority, three more relays, and a client with
a SOCKS port and an onion service.

No process of it can talk to the outside: OutboundBindAddress is 127.0.0.1, from which Linux reaches
nothing but loopback, and the only directory authority is their own. Four relays are the fewest with which
an onion service works; the order of the start and the waits between are what makes it reliable.
"""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import time
import urllib.request

from process import LOOPBACK, Process, free_port
from proxy_servers import program
from waiting import wait_until

RELAYS = 4
ONION_PORT = 8333
VOTING_SECONDS = 10
# Flags on: without these votes a relay may lack one of them for some rounds.
AUTHORITY_OPTIONS = """\
DirPort {host}:{dir_port}
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
TestingV3AuthInitialVotingInterval {voting}
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval 20
V3AuthVoteDelay 2
V3AuthDistDelay 2
TestingV3AuthVotingStartOffset {offset}
TestingDirAuthVoteHSDir *
TestingDirAuthVoteGuard *
TestingDirAuthVoteExit *
"""
# The client's exits are free to exit, which is harmless behind OutboundBindAddress: a policy of loopback
# alone counts as none.
RELAY_OPTIONS = """\
Nickname {nickname}
Address {host}
ORPort {host}:{or_port}
SocksPort 0
AssumeReachable 1
ExitRelay 1
ExitPolicy accept *:*
ServerDNSResolvConfFile {resolv_conf}
"""
CLIENT_OPTIONS = """\
SocksPort {host}:{socks_port} ExtendedErrors
FetchDirInfoEarly 1
HiddenServiceDir {service}
HiddenServicePort {onion_port} {host}:{target_port}
"""
# Conflux would give a stream the id of any leg of a set of circuits.
COMMON_OPTIONS = """\
TestingTorNetwork 1
DirAuthority n0 orport={authority_or_port} v3ident={v3ident} {host}:{authority_dir_port} {fingerprint}
DataDirectory {folder}
OutboundBindAddress {host}
ControlPort {host}:{control_port}
ConfluxEnabled 0
ShutdownWaitLength 0
Log notice stdout
"""


def missing():
    """Why a network cannot run here, or None."""
    names = [name for name in ("tor", "tor-gencert", "dnsmasq") if not program(name)]
    return f"not installed: {', '.join(names)}" if names else None


class Control:
    """A connection to a control port, without authentication."""

    def __init__(self, port):
        self.file = socket.create_connection((LOOPBACK, port), timeout=60).makefile("rw", newline="\r\n")
        self.ask("AUTHENTICATE")

    def close(self):
        self.file.close()

    def line(self):
        return self.file.readline().rstrip("\r\n")

    def ask(self, command):
        """The lines of a reply, without their status."""
        self.file.write(command + "\r\n")
        self.file.flush()
        lines = []
        while True:
            line = self.line()
            if line.startswith("650"):
                continue
            lines.append(line[4:])
            if line[3:4] == "+":
                while (more := self.line()) != ".":
                    lines.append(more)
            if line[3:4] == " ":
                if not line.startswith("250"):
                    raise AssertionError(f"{command}: {line}")
                return lines

    def wait_event(self, start):
        while not (line := self.line()).startswith(start):
            if not line:
                raise AssertionError(f"the control port was closed before {start}")


class _Tor(Process):
    """One tor process, with its folder, ports and options."""

    def __init__(self, top, name):
        self.name = name
        self.folder = top / name
        (self.folder / "keys").mkdir(parents=True, mode=0o700)
        self.folder.chmod(0o700)
        self.control_port = free_port()
        (top / "defaults").touch()
        argv = [program("tor"), "-f", self.folder / "torrc", "--defaults-torrc", top / "defaults"]
        super().__init__(argv, self.folder / "log")

    def configure(self, *texts, **values):
        values.update(host=LOOPBACK, folder=self.folder, control_port=self.control_port)
        (self.folder / "torrc").write_text("".join(texts).format(**values))


class TorNetwork:
    """Start it once and use it in many tests; start() takes about 15 s."""

    def __init__(self, folder, nameserver_port, target_port):
        self.folder = folder
        self.nameserver_port = nameserver_port
        self.target_port = target_port
        self.socks_port = free_port()
        self.or_ports = [free_port() for _ in range(RELAYS)]
        self.dir_port = free_port()
        self.relays = [_Tor(folder, f"n{i}") for i in range(RELAYS)]
        self.client = _Tor(folder, "client")
        self.started = contextlib.ExitStack()

    @property
    def socks_address(self):
        return f"{LOOPBACK}:{self.socks_port}"

    @property
    def onion(self):
        name = (self.client.folder / "service" / "hostname").read_text().strip()
        return f"{name}:{ONION_PORT}"

    def _run(self, *argv, **named):
        argv = [str(argument) for argument in argv]
        return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60, **named).stdout

    def _authority_line(self):
        """The authority's keys, made now since they expire, and what the others must know of them."""
        folder = self.relays[0].folder
        self._run(
            program("tor-gencert"), "--create-identity-key", "--passphrase-fd", "0", "-m", "12",
            "-a", f"{LOOPBACK}:{self.dir_port}", cwd=folder / "keys", input="test\n",
        )
        certificate = (folder / "keys" / "authority_certificate").read_text()
        empty = self.folder / "defaults"
        listed = self._run(
            program("tor"), "--quiet", "-f", empty, "--defaults-torrc", empty, "--list-fingerprint",
            "--orport", "1", "--datadirectory", folder, "--nickname", "n0",
            "--dirauthority", f"x {LOOPBACK}:1 {'f' * 40}",
        )
        return {
            "authority_or_port": self.or_ports[0],
            "authority_dir_port": self.dir_port,
            "v3ident": re.search(r"^fingerprint (\w+)$", certificate, re.M)[1],
            "fingerprint": listed.split(maxsplit=1)[1].replace(" ", "").strip(),
        }

    def _configure(self):
        authority = self._authority_line()
        resolv_conf = self.folder / "resolv.conf"
        resolv_conf.write_text(f"nameserver {LOOPBACK}:{self.nameserver_port}\n")
        # The first vote is to come when all relays have registered: well after the start.
        offset = int(time.time() + 8) % VOTING_SECONDS
        for i, relay in enumerate(self.relays):
            relay.configure(
                COMMON_OPTIONS, RELAY_OPTIONS, AUTHORITY_OPTIONS if i == 0 else "",
                nickname=relay.name, or_port=self.or_ports[i], resolv_conf=resolv_conf,
                dir_port=self.dir_port, voting=VOTING_SECONDS, offset=offset, **authority,
            )
        self.client.configure(
            COMMON_OPTIONS, CLIENT_OPTIONS, socks_port=self.socks_port, onion_port=ONION_PORT,
            service=self.client.folder / "service", target_port=self.target_port, **authority,
        )

    def _consensus_is_complete(self):
        url = f"http://{LOOPBACK}:{self.dir_port}/tor/status-vote/current/consensus"
        with urllib.request.urlopen(url, timeout=10) as reply:
            flags = [line.split() for line in reply.read().decode().splitlines() if line.startswith("s ")]
        return sum({"Running", "Guard", "HSDir"} <= set(line) for line in flags) == RELAYS

    def start(self):
        """Returns when the onion service has published its descriptor."""
        self._configure()
        try:
            for relay in self.relays:
                self.started.callback(relay.stop)
                relay.launch()
            wait_until("the relays are in a consensus", self._consensus_is_complete, timeout=90)
            self.started.callback(self.client.stop)
            self.client.launch()
            control = wait_until("tor answers", self.control, timeout=20)
            control.ask("SETEVENTS HS_DESC")
            control.wait_event("650 HS_DESC UPLOADED")
            control.close()
        except BaseException:
            self.stop()
            raise
        return self

    def control(self):
        return Control(self.client.control_port)

    def circuits_of_streams(self):
        """The circuit ids of the streams that are open through the SOCKS port."""
        control = self.control()
        lines = control.ask("GETINFO stream-status")
        control.close()
        found = []
        for line in lines:
            words = line.removeprefix("stream-status=").split()
            if len(words) > 2 and words[1] == "SUCCEEDED":
                found.append(words[2])
        return found

    def remote_hosts(self):
        """The hosts that the processes have TCP connections with: hexadecimal, as /proc has them."""
        inodes = set()
        for process in (*self.relays, self.client):
            for link in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    inodes.add(os.readlink(link))
        found = set()
        for table in ("tcp", "tcp6"):
            for row in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = row.split()
                if f"socket:[{fields[9]}]" in inodes:
                    found.add(fields[2].partition(":")[0])
        return found

    def stop(self):
        self.started.close()
