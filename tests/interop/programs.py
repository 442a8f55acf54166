"""The programs under test, started and ended by the tests: each in a folder of its own, known by its process id."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import junos9

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "target" / "interop"
VENV_BIN = TOOLS / "venv" / "bin"
BINARIES = Path(os.environ.get("HOMING_BIN", ROOT / "target" / "debug"))
PATIENCE = 25.0


def check_binaries():
    for name in ("homing", "homing-agent"):
        path = BINARIES / name
        assert path.exists(), f"{path} is missing: cargo build -p homing -p homing-agent"


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def until(what, probe, timeout=PATIENCE, pause=0.1):
    """Calls `probe` until it answers something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what} (last answer: {answer!r})")
        time.sleep(pause)


def memory(pid):
    """Resident memory in bytes: at this moment, and the most so far."""
    text = Path(f"/proc/{pid}/status").read_text()
    now = int(re.search(r"VmRSS:\s+(\d+)", text)[1]) * 1024
    most = re.search(r"VmHWM:\s+(\d+)", text)
    return now, int(most[1]) * 1024 if most else now


def spooled(pid):
    """Bytes of the unnamed files that a process holds."""
    total = 0
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "(deleted)" in os.readlink(fd):
                total += os.stat(fd).st_blocks * 512
        except OSError:
            pass
    return total


class Program:
    """One process and its output in a file."""

    def __init__(self, name, command, folder, env=None, prefix=()):
        self.name = name
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.command = [*map(str, prefix), *map(str, command)]
        self.env = {**os.environ, **(env or {})}
        self.log = self.folder / f"{name}.log"
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env, start_new_session=True
            )
        return self

    @property
    def pid(self):
        return self.process.pid

    def output(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        os.kill(self.pid, number)

    def kill(self):
        if self.is_running():
            self.process.kill()
        self.process.wait(10)

    def stop(self):
        """Ends the process as its user would, and its group in the end whatever it does."""
        if self.process is None:
            return
        if self.is_running():
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(5)


class Failed(AssertionError):
    """A command that ended with another status than expected."""


def run(line, check=0, timeout=40, stdin=None, env=None, text=True):
    """Runs a command to its end; `check` is the exit status expected, None for any."""
    done = subprocess.run(
        [str(word) for word in line],
        capture_output=True,
        text=text,
        timeout=timeout,
        env=env,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
    )
    if check is not None and done.returncode != check:
        raise Failed(f"{line}: exit {done.returncode}, expected {check}\nstdout: {done.stdout}\nstderr: {done.stderr}")
    return done


class Gateway(Program):
    def __init__(self, folder, prefix=(), hosts=("127.0.0.1",), config=None):
        folder = Path(folder)
        self.data = folder / "gw"
        self.socket = self.data / "homing.sock"
        self.ports = [free_port() if not prefix else 4334 for _ in hosts]
        self.host, self.port = hosts[0], self.ports[0]
        listen = [f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in zip(hosts, self.ports)]
        command = [BINARIES / "homing", "gateway", "--data", self.data, "--socket", self.socket]
        if config is not None:
            file = folder / "gateway.toml"
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(config)
            command += ["--config", file]
        for address in listen:
            command += ["--listen", address]
        if not prefix and "--door" not in command:
            command += ["--door", "127.0.0.1:0"]
        super().__init__("gateway", command, folder, env={"RUST_LOG": os.environ.get("RUST_LOG", "debug")}, prefix=prefix)

    def start(self):
        super().start()
        until("the gateway answers `homing status`", self._is_ready)
        return self

    def _is_ready(self):
        if not self.is_running():
            raise AssertionError(f"the gateway ended: {self.output()[-2000:]}")
        return self.socket.exists() and self.run("status", check=None).returncode == 0

    @property
    def public_key(self):
        """The key with which the gateway logs in to devices, as a line of an authorized_keys file."""
        return (self.data / "id_ed25519.pub").read_text().strip()

    def run(self, *arguments, check=0, timeout=50, stdin=None):
        """A command of `homing`; `check` is the exit status expected, None for any."""
        line = [BINARIES / "homing", "--socket", self.socket, *arguments]
        try:
            return run(line, check=check, timeout=timeout, stdin=stdin)
        except Failed as error:
            raise Failed(f"{error}\ngateway: {self.output()[-3000:]}") from None

    def json(self, *arguments):
        return json.loads(self.run("-o", "json", *arguments).stdout)

    def devices(self):
        return self.json("device", "ls")

    def device(self, name):
        for device in self.devices():
            if device["name"] == name:
                return device
        return None

    def is_up(self, name):
        device = self.device(name)
        return bool(device) and state_of(device) == "up"

    def wait_up(self, name, timeout=PATIENCE):
        return until(f"{name} is up\n{self.explain(name)}", lambda: self.is_up(name), timeout)

    def log_of(self, name):
        done = self.run("-o", "json", "device", "log", name, check=None)
        return json.loads(done.stdout) if done.returncode == 0 else []

    def codes(self, name):
        return [entry["code"] for entry in self.log_of(name)]

    def wait_code(self, name, *codes, timeout=PATIENCE):
        """Waits until the device's timeline shows one of the codes; returns the entry."""

        def look():
            return next((entry for entry in self.log_of(name) if entry["code"] in codes), None)

        try:
            return until(f"{name}: {' or '.join(codes)}", look, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.explain(name)}") from None

    def explain(self, name):
        return f"timeline: {self.codes(name)}\n{self.output()[-1500:]}"

    def events(self):
        return [json.loads(line) for line in self.run("-o", "ndjson", "events").stdout.splitlines() if line.strip()]

    def wait_event(self, *codes, timeout=PATIENCE, where=lambda entry: True):
        """Waits until the gateway's events show one of the codes; returns the entry."""

        def look():
            return next((e for e in self.events() if e["code"] in codes and where(e)), None)

        try:
            return until(f"an event {' or '.join(codes)}", look, timeout)
        except AssertionError as error:
            seen = [e["code"] for e in self.events()]
            raise AssertionError(f"{error}\nevents: {seen}\n{self.output()[-2000:]}") from None

    def audit(self, *filters):
        """Entries of the audit trail, oldest first."""
        lines = self.run("-o", "ndjson", "audit", "search", "--limit", "1000", *filters).stdout
        return [json.loads(line) for line in lines.splitlines()]

    def enroll(self, name, *more, user="homing", format="set"):
        """Enrols a device; returns the stanza to paste."""
        address = f"{self.host}:{self.port}"
        return self.run(
            "enroll", name, "--device-id", name, "--user", user, "--address", address, "--format", format, *more
        ).stdout

    def secret_of(self, stanza):
        """The plain secret of a stanza in `set` form."""
        found = re.search(r'secret "?([^"\s;]+)"?', stanza)
        return junos9.decode(found.group(1)) if found else None


def state_of(device):
    """The word that says whether a device is connected."""
    return device["state"]


class Agent(Program):
    def __init__(self, folder, config, *flags, name="agent", prefix=()):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / f"{name}.conf"
        self.config.write_text(config)
        self.control = folder / f"{name}.sock"
        command = [
            *(BINARIES / "homing-agent", "run", "--config", self.config),
            *("--state-dir", folder / f"{name}-state", "--control", self.control, *flags),
        ]
        super().__init__(name, command, folder, env={"RUST_LOG": "debug"}, prefix=prefix)

    def run(self, *arguments, check=0):
        done = subprocess.run(
            [BINARIES / "homing-agent", *map(str, arguments), "--control", self.control],
            capture_output=True,
            text=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
        )
        if check is not None and done.returncode != check:
            raise Failed(f"homing-agent {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.output()[-2000:]}")
        return done


PASSWORD = "lab-password-7"
PASSWORD_HASH = "$6$.AWq1LtrXWP1peAX$8zgK8KA7mwu32veGtFsdRsWRrfuBq/jcHsoWzukl7mXW0gmF1REXpjD1IA.rlcqrIpYdadeijTmu0cXhThPVZ."


def stanza(port, client="gateway", host="127.0.0.1", device_id="agent-1", secret=None, keep_alive=(3, 15), timeout=1, netconf=True):
    """An outbound-ssh client stanza, written by hand as an operator would."""
    lines = [f"client {client} {{", f"    device-id {device_id};"]
    if secret:
        lines.append(f'    secret "{secret}"; ## SECRET-DATA')
    lines.append(f"    keep-alive {{ retry {keep_alive[0]}; timeout {keep_alive[1]}; }}")
    if netconf:
        lines.append("    services netconf;")
    lines.append(f"    {host} {{ port {port}; retry 3; timeout {timeout}; }}")
    lines.append("}")
    return "\n".join(lines)


def configuration(*stanzas, login="", host_name="edge-1"):
    """A device's whole configuration in curly form."""
    outbound = "\n".join(stanzas)
    return f"system {{ host-name {host_name}; {login} services {{ outbound-ssh {{\n{outbound}\n}} }} }}\n"


def login(user, public_key=None, password_hash=None):
    """The `login` statements of one user."""
    ways = []
    if public_key:
        kind = public_key.split()[0]
        statement = {"ssh-ed25519": "ssh-ed25519", "ssh-rsa": "ssh-rsa"}.get(kind, "ssh-ecdsa")
        ways.append(f'{statement} "{public_key}";')
    if password_hash:
        ways.append(f'encrypted-password "{password_hash}"; ## SECRET-DATA\n')
    return f"login {{ user {user} {{ class super-user; authentication {{ {' '.join(ways)} }} }} }}"
