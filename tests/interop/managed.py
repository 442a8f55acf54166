"""A device to be managed by NETCONF programs: the agent behind the system's own sshd, or with its embedded server.

Both are reached at one address, as if the device listened there:

    openssh   sshd with `Subsystem netconf homing-agent netconf` on a port of its own
    embedded  the agent dials us; each program that connects is given one of its connections
"""

import contextlib
import os
import queue
import socket
import subprocess
import threading

import programs
from doorway import SSHD
from programs import configuration, login, stanza


class Managed:
    """The address, the user and the key to log in with."""

    def __init__(self, port, key, agent):
        self.host, self.port, self.user, self.key, self.agent = "127.0.0.1", port, "root", key, agent


class Sshd(programs.Program):
    """The system's sshd on a port of its own, with the agent's subsystem."""

    def __init__(self, folder, public_key):
        os.makedirs("/run/sshd", exist_ok=True)
        self.port = programs.free_port()
        host_key = folder / "host_key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host_key], check=True)
        keys = folder / "authorized_keys"
        keys.write_text(public_key + "\n")
        state = folder / "agent-state"
        settings = folder / "sshd_config"
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {host_key}",
            f"AuthorizedKeysFile {keys}",
            f"PidFile {folder / 'sshd.pid'}",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin prohibit-password",
            f"SetEnv HOMING_AGENT_STATE_DIR={state}",
            f"Subsystem netconf {programs.BINARIES / 'homing-agent'} netconf --state-dir {state}",
        ]
        settings.write_text("\n".join(lines) + "\n")
        super().__init__("sshd", [SSHD, "-D", "-e", "-f", settings], folder)

    def start(self):
        super().start()
        programs.until("sshd listens", lambda: self.is_running() and listens(self.port))
        return self


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Relay:
    """Gives each program that connects a connection on which the device has dialled."""

    def __init__(self):
        self.waiting = queue.Queue()
        self.inside = socket.create_server(("127.0.0.1", 0))
        self.outside = socket.create_server(("127.0.0.1", 0))
        self.dialled = self.inside.getsockname()[1]
        self.port = self.outside.getsockname()[1]
        for work in (self.take_devices, self.take_programs):
            threading.Thread(target=work, daemon=True).start()

    def take_devices(self):
        with contextlib.suppress(OSError):
            while True:
                self.waiting.put(self.inside.accept()[0])

    def take_programs(self):
        with contextlib.suppress(OSError):
            while True:
                program = self.outside.accept()[0]
                threading.Thread(target=self.join, args=(program,), daemon=True).start()

    def join(self, program):
        try:
            device = self.waiting.get(timeout=30)
        except queue.Empty:
            return program.close()
        with contextlib.suppress(OSError):
            first = b""
            # The initiation sequence is for gateways; programs expect SSH at once.
            while b"SSH-" not in first:
                first += device.recv(4096)
            program.sendall(first[first.index(b"SSH-") :])
            back = threading.Thread(target=copy, args=(program, device), daemon=True)
            back.start()
            copy(device, program)

    def stop(self):
        self.inside.close()
        self.outside.close()


def copy(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def start(kind, folder, key, ended):
    """Starts a device of this kind; `ended` is the list of what is stopped with the test."""
    users = login("root", key.public)
    if kind == "openssh":
        agent = programs.Agent(folder, configuration(login=users), "--ssh-server", "embedded")
        ended.append(agent)
        agent.start()
        sshd = Sshd(folder, key.public)
        ended.append(sshd)
        sshd.start()
        return Managed(sshd.port, key, agent)
    relay = Relay()
    ended.append(relay)
    stanzas = [stanza(relay.dialled, client=f"gateway-{number}", device_id="agent-1") for number in range(4)]
    agent = programs.Agent(folder, configuration(*stanzas, login=users), "--ssh-server", "embedded")
    ended.append(agent)
    agent.start()
    return Managed(relay.port, key, agent)
