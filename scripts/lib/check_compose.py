"""Runs what compose.yaml describes without containers, on this machine's loopback interface: its Redis, its two servers,
its Caddy and its coturn, with its settings but for ports and the host's name, and says what holds.
Argument: the server's program. scripts/check-compose installs and builds what this needs."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
PATIENCE = 20
PROGRAM = sys.argv[1]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def until(what, attempt):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if attempt():
                print("ok:", what)
                return
            problem = "not so"
        except OSError as e:
            problem = str(e)
        if time.monotonic() > deadline:
            sys.exit(f"check-compose: {what}: {problem}")
        time.sleep(0.1)


def status(port, path):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": f"localhost:{port}"})
    try:
        return urllib.request.urlopen(request, timeout=3).status
    except urllib.error.HTTPError as e:
        return e.code


class Peer:
    """A client of the service, by a WebSocket through the proxy."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.stream = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        first = self.stream.readline().decode().strip()
        if " 101 " not in first + " ":
            raise OSError(f"no upgrade: {first}")
        while self.stream.readline().strip():
            pass
        self.id = self.ask("/descp {}", "welcome")["id"]

    def ask(self, command, answer):
        text = command.encode()
        length = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0xFE]) + struct.pack("!H", len(text))
        self.socket.sendall(b"\x81" + length + bytes(4) + text)
        return self.wait_for(answer)

    def wait_for(self, kind):
        while True:
            head = self.stream.read(2)
            if len(head) < 2:
                raise OSError("the connection broke")
            length = head[1]
            if length == 126:
                (length,) = struct.unpack("!H", self.stream.read(2))
            event = json.loads(self.stream.read(length))
            if event["type"] == kind:
                return event


class Turn:
    """A client of the TURN server (RFC 8656) that asks for a relay, over TCP."""

    ALLOCATE, ALLOCATED, REFUSED = 0x0003, 0x0103, 0x0113
    USERNAME, INTEGRITY, ERROR, REALM, NONCE, TRANSPORT = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015, 0x0019
    UDP = bytes([17, 0, 0, 0])

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.stream = self.socket.makefile("rb")

    @staticmethod
    def attribute(kind, value):
        return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)

    def ask(self, attributes, key=None):
        head = lambda size: struct.pack("!HHI", self.ALLOCATE, size, 0x2112A442) + b"check-compos"
        if key:
            # Counted as if it were there already (RFC 8489, 14.5).
            digest = hmac.new(key, head(len(attributes) + 24) + attributes, hashlib.sha1).digest()
            attributes += self.attribute(self.INTEGRITY, digest)
        self.socket.sendall(head(len(attributes)) + attributes)
        kind, size = struct.unpack("!HH", self.stream.read(20)[:4])
        body, found = self.stream.read(size), {}
        while body:
            of, length = struct.unpack("!HH", body[:4])
            found[of] = body[4 : 4 + length]
            body = body[4 + length + -length % 4 :]
        return kind, found

    def allocate(self, user, password):
        wanted = self.attribute(self.TRANSPORT, self.UDP)
        kind, challenge = self.ask(wanted)
        if kind != self.REFUSED:
            return False
        realm = challenge[self.REALM]
        key = hashlib.md5(b":".join([user.encode(), realm, password.encode()])).digest()
        who = [(self.USERNAME, user.encode()), (self.REALM, realm), (self.NONCE, challenge[self.NONCE])]
        kind, _ = self.ask(wanted + b"".join(self.attribute(*one) for one in who), key)
        return kind == self.ALLOCATED


def main():
    services = yaml.safe_load((SCRIPTS / "compose.yaml").read_text())["services"]
    redis_port, proxy_port, turn_port = free_port(), free_port(), free_port()
    secret = "a-secret-for-this-check"
    ports = {name: free_port() for name in ("signaller-1", "signaller-2")}
    admin_ports = {name: free_port() for name in ports}
    running = {}
    folder = tempfile.TemporaryDirectory()

    def start(name, command, **environment):
        log = open(os.path.join(folder.name, name + ".log"), "w")
        base = {"PATH": os.environ["PATH"], "HOME": folder.name}
        running[name] = subprocess.Popen(command, env=base | environment, cwd=folder.name, stdout=log, stderr=log)

    def start_server(name):
        settings = {key: str(value) for key, value in services[name]["environment"].items()}
        settings["SIGNALLER_ICE_SERVERS"] = settings["SIGNALLER_ICE_SERVERS"].replace("${SIGNALLER_HOST}", "localhost")
        settings |= {
            "SIGNALLER_STORE": settings["SIGNALLER_STORE"].replace("redis:6379", f"127.0.0.1:{redis_port}"),
            "SIGNALLER_TURN_SECRET": secret,
            "SIGNALLER_PORT": str(ports[name]),
            "SIGNALLER_ADMIN_ADDRESS": settings["SIGNALLER_ADMIN_ADDRESS"].replace("0.0.0.0:3013", f"127.0.0.1:{admin_ports[name]}"),
        }
        start(name, [PROGRAM], **settings)

    try:
        redis = services["redis"]["command"] + ["--port", str(redis_port), "--bind", "127.0.0.1", "--dir", folder.name]
        start("redis", redis)
        for name in ports:
            start_server(name)
        for name, port in ports.items():
            until(f"{name} is ready", lambda port=port: status(port, "/readyz") == 200)
        upstreams = " ".join(f"127.0.0.1:{port}" for port in ports.values())
        proxy = ["caddy", "run", "--adapter", "caddyfile", "--config", str(SCRIPTS / "Caddyfile")]
        start("proxy", proxy, SIGNALLER_HOST=f"http://localhost:{proxy_port}", SIGNALLER_SERVERS=upstreams)
        until("the page comes through the proxy", lambda: status(proxy_port, "/") == 200)

        coturn = [word.replace("${TURN_SECRET}", secret).replace("${SIGNALLER_HOST}", "localhost") for word in services["turn"]["command"]]
        here = [f"--listening-port={turn_port}", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--no-tls", "--no-dtls", "--pidfile=turn.pid"]
        start("turn", ["turnserver", *coturn, *here])

        until("metrics are inside", lambda: all(status(port, "/metrics") == 200 for port in admin_ports.values()))
        until("metrics are not outside", lambda: status(proxy_port, "/metrics") == 404)

        # The least connections: each server gets one.
        alice, bob = Peer(proxy_port), Peer(proxy_port)
        channel = "#" + os.urandom(12).hex()
        alice.ask("/join " + channel, "joined")
        bob.ask("/join " + channel, "joined")
        bob.ask(f"@label=1 /pubmsg {channel} hello", "ack")
        if alice.wait_for("pubmsg")["content"] != "hello":
            sys.exit("check-compose: a message through both servers: another one came")
        print("ok: a message through both servers")
        told = alice.ask("/ice", "ice")["iceServers"]
        for entry in told:
            print("ok: told of", entry["urls"])
        (given,) = (entry for entry in told if "username" in entry)
        until("coturn takes the credentials", lambda: Turn(turn_port).allocate(given["username"], given["credential"]))
        until("and no others", lambda: not Turn(turn_port).allocate(given["username"], "guessed"))

        ending = running["signaller-1"]
        ending.terminate()
        until("one server ends, and everybody is served", lambda: all(Peer(proxy_port).id for _ in range(6)))
        until("it ends with 0", lambda: ending.poll() == 0)
        start_server("signaller-1")
        until("it is ready again", lambda: status(ports["signaller-1"], "/readyz") == 200)
    finally:
        for process in reversed(running.values()):
            process.terminate()
        ended = {name: process.wait(PATIENCE) for name, process in reversed(running.items())}
    servers = {name: code for name, code in ended.items() if name in ports}
    if any(servers.values()):
        sys.exit(f"check-compose: the servers ended with {servers}")
    print("ok: the servers end with 0")


main()
