"""A healthy device beside whatever is done to a gateway: it is asked something all the time, and must not notice.

    witness = Witness(gateway, folder).start()
    …
    witness.check(most_mebibytes=64)

Also what it needs: the HTTP API over its socket, and a gateway's memory as the kernel counts it.
"""

import http.client
import json
import re
import socket
import threading
import time
from pathlib import Path

import programs
from programs import memory

DEADLINE = 45.0
"""An RPC that takes longer was not answered: generous, because tests share two cores."""

MIB = 1 << 20


class Api:
    """The HTTP API over the gateway's socket: one connection, for one thread."""

    def __init__(self, gateway):
        self.path = str(gateway.socket)
        self.connection = self.cursor = None

    def ask(self, method, path, body=None, kind="application/json", timeout=DEADLINE):
        """Answers (status, body)."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("homing", timeout=timeout)
                self.connection.sock = socket.socket(socket.AF_UNIX)
                self.connection.sock.settimeout(timeout)
                self.connection.sock.connect(self.path)
            try:
                self.connection.request(method, path if path.startswith("/metrics") else "/api/v1" + path, body, {"Content-Type": kind} if body else {})
                answer = self.connection.getresponse()
                following = re.search(r"[?&]cursor=([^>&]+)", answer.headers.get("link", ""))
                self.cursor = following and following[1]
                return answer.status, answer.read()
            except (http.client.RemoteDisconnected, BrokenPipeError):
                # An idle connection that the gateway closed meanwhile.
                self.close()
                if attempt == 2:
                    raise
            except Exception:
                self.close()
                raise

    def json(self, method, path, body=None):
        status, text = self.ask(method, path, body)
        assert status < 300, (method, path, status, text[:500])
        return json.loads(text) if text else None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def enroll(gateway, api, name, user="homing"):
    """Enrols a device without starting a program; returns its secret."""
    return gateway.secret_of(api.json("POST", "/devices", {"name": name, "device_id": name, "user": user, "format": "set"})["stanza"])


def anonymous_memory(pid):
    """Bytes that are the process's own, without pages of the program and its libraries."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def forget_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


class Witness:
    """The agent's own server behind the gateway, asked one RPC after the other from `start` to `check`."""

    def __init__(self, gateway, folder, name="healthy", pause=0.02, prefix=(), user="homing"):
        self.gateway, self.folder, self.name, self.pause = gateway, Path(folder), name, pause
        self.agent, self.prefix, self.user = None, prefix, user
        self.stopping = threading.Event()
        self.thread = None
        self.took, self.failed = [], []

    def join(self):
        """Enrols the device and waits until it is in session."""
        secret = self.gateway.secret_of(self.gateway.enroll(self.name, user=self.user))
        text = programs.configuration(
            programs.stanza(self.gateway.port, host=self.gateway.host, device_id=self.name, secret=secret),
            login=programs.login(self.user, self.gateway.public_key),
            host_name=self.name,
        )
        self.agent = programs.Agent(self.folder, text, "--ssh-server", "embedded", name=self.name, prefix=self.prefix).start()
        self.gateway.wait_up(self.name, timeout=40)
        self.api = Api(self.gateway)
        self.epoch = self.session()["epoch"]
        return self

    def start(self):
        """From here on it is asked, and memory counts."""
        self.before, _ = memory(self.gateway.pid)
        forget_peak(self.gateway.pid)
        self.stopping.clear()
        self.took, self.failed = [], []
        self.thread = threading.Thread(target=self._ask_on, daemon=True)
        self.thread.start()
        return self

    def _ask_on(self):
        api = Api(self.gateway)
        while not self.stopping.is_set():
            at = time.monotonic()
            try:
                status, text = api.ask("POST", f"/devices/{self.name}/rpc?timeout=40", "<get-system-information/>", "application/xml")
                if status != 200 or f"<host-name>{self.name}</host-name>".encode() not in text:
                    self.failed.append((status, text[:300]))
            except Exception as error:  # noqa: BLE001: every way to fail is told
                self.failed.append(repr(error))
            self.took.append(time.monotonic() - at)
            self.stopping.wait(self.pause)
        api.close()

    def session(self):
        return self.api.json("GET", f"/devices/{self.name}")["session"]

    def pause_asking(self):
        self.stopping.set()
        self.thread.join(DEADLINE + 5)
        assert not self.thread.is_alive(), "an RPC is still not answered"

    def growth(self):
        """By how many MiB the gateway's memory grew at most since `start`."""
        return (memory(self.gateway.pid)[1] - self.before) / MIB

    def check(self, most_mebibytes, least_answers=20):
        """Every RPC was answered, the session is the same one, and the gateway's memory kept to its bound."""
        programs.until("it is asked often enough", lambda: len(self.took) >= least_answers or self.failed, timeout=60)
        self.pause_asking()
        growth = self.growth()
        print(f"\n{len(self.took)} RPCs, p50 {percentile(self.took, 0.5) * 1000:.1f} ms, p99 {percentile(self.took, 0.99) * 1000:.1f} ms, "
              f"most {max(self.took) * 1000:.0f} ms; memory +{growth:.1f} MiB")  # fmt: skip
        assert not self.failed, self.failed[:3]
        session = self.session()
        assert session and session["epoch"] == self.epoch, (self.epoch, session, self.gateway.explain(self.name))
        assert growth <= most_mebibytes, f"the gateway grew by {growth:.1f} MiB, at most {most_mebibytes} are its due"

    def stop(self):
        self.stopping.set()
        if self.agent is not None:
            self.agent.stop()
