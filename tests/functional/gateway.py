"""Gateways that map ports, on loopback: by PCP (RFC 6887) or NAT-PMP (RFC 6886), and by UPnP."""

import http.server
import re
import socket
import struct
import threading

from process import LOOPBACK
from udp_server import UdpServer

PCP_MAP = 60  # bytes of a request and of its reply


class Gateway(UdpServer):
    """Leads every port to whoever asks, at an outside address that it says it has."""

    outside = "80.1.2.3"
    lifetime = 2400

    def __init__(self, speaks_pcp=True, refuses=False):
        super().__init__()
        self.speaks_pcp = speaks_pcp
        self.refuses = refuses
        self.mapped = set()  # of ("tcp" or "udp", port)

    def answer(self, request):
        return self._pcp(request) if request[0] == 2 and self.speaks_pcp else self._pmp(request)

    def _note(self, transport, port, lifetime):
        if lifetime:
            self.mapped.add((transport, port))
        else:
            self.mapped.discard((transport, port))

    def _pcp(self, request):
        assert len(request) == PCP_MAP
        if self.refuses:
            return struct.pack(">BBBBII12x", 2, 0x81, 0, 2, self.lifetime, 1000)  # not authorized
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


SERVICE = "urn:schemas-upnp-org:service:WANIPConnection:1"
DEVICE = f"""<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType>
<serviceId>urn:upnp-org:serviceId:WANCommonIFC1</serviceId>
<controlURL>/common</controlURL><eventSubURL>/event</eventSubURL><SCPDURL>/common.xml</SCPDURL>
</service></serviceList><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><serviceList><service>
<serviceType>{SERVICE}</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>
<controlURL>/control</controlURL><eventSubURL>/event</eventSubURL><SCPDURL>/ip.xml</SCPDURL>
</service></serviceList></device></deviceList></device></deviceList></device></root>"""


class _DeviceHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self._say(200, DEVICE)

    def do_POST(self):
        request = self.rfile.read(int(self.headers["Content-Length"])).decode()
        action = self.headers["SOAPAction"].strip('"').partition("#")[2]
        fields = dict(re.findall(r"<(New\w+)>([^<]*)<", request))
        error, values = self.server.owner.obey(action, fields)
        if error:
            body = f"<s:Fault><detail><UPnPError><errorCode>{error}</errorCode></UPnPError></detail></s:Fault>"
        else:
            said = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
            body = f'<u:{action}Response xmlns:u="{SERVICE}">{said}</u:{action}Response>'
        envelope = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'
        self._say(500 if error else 200, '<?xml version="1.0"?>' + envelope)

    def _say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


class InternetGateway:
    """An Internet Gateway Device, as far as mapping ports goes (UPnP WANIPConnection:1)."""

    outside = "80.1.2.3"

    def __init__(self, only_permanent=False, port=0):
        self.only_permanent = only_permanent
        self.mapped = {}  # (transport, port): lifetime
        self.http = http.server.ThreadingHTTPServer((LOOPBACK, port), _DeviceHandler)
        self.http.daemon_threads = True
        self.http.owner = self
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    @property
    def address(self):
        return f"{LOOPBACK}:{self.http.server_address[1]}"

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def obey(self, action, fields):
        """Returns: an error of UPnP, or 0, and what the answer says."""
        if action == "GetExternalIPAddress":
            return 0, {"NewExternalIPAddress": self.outside}
        key = (fields.get("NewProtocol"), int(fields.get("NewExternalPort", 0)))
        if action == "AddPortMapping":
            if self.only_permanent and fields["NewLeaseDuration"] != "0":
                return 725, {}
            assert fields["NewInternalClient"] == LOOPBACK
            self.mapped[key] = fields["NewLeaseDuration"]
            return 0, {}
        if action == "DeletePortMapping":
            return (0, {}) if self.mapped.pop(key, None) else (714, {})
        return 401, {}
