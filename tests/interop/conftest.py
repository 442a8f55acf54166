"""What the tests share: programs under test, keys, devices. All of a test's files are in its own folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import doorway  # noqa: E402
import programs  # noqa: E402
import pydevice  # noqa: E402

HERE = Path(__file__).parent
VENV = programs.TOOLS / "venv"
YANG = VENV / "share" / "yang" / "modules" / "ietf"


@pytest.fixture(scope="session", autouse=True)
def binaries():
    programs.check_binaries()


@pytest.fixture
def ended():
    """Programs put into this list are stopped when the test ends, the last first."""
    started = []
    yield started
    for program in reversed(started):
        program.stop()


@pytest.fixture
def gateway(tmp_path, ended):
    program = programs.Gateway(tmp_path)
    ended.append(program)
    return program.start()


@pytest.fixture
def start_agent(tmp_path, ended):
    def start(config, *flags, **more):
        program = programs.Agent(tmp_path, config, *flags, **more)
        ended.append(program)
        return program.start()

    return start


class Key:
    """A key pair made by ssh-keygen."""

    def __init__(self, folder, name, kind="ed25519"):
        self.path = Path(folder) / name
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", self.path], check=True)
        self.public = self.path.with_suffix(".pub").read_text().strip()
        self.text = " ".join(self.public.split()[:2])

    @property
    def fingerprint(self):
        line = subprocess.run(["ssh-keygen", "-lf", self.path], check=True, capture_output=True, text=True).stdout
        return line.split()[1]


@pytest.fixture
def make_key(tmp_path):
    return lambda name="key", kind="ed25519": Key(tmp_path, name, kind)


@pytest.fixture
def loop():
    loop = pydevice.Loop()
    yield loop
    loop.stop()


@pytest.fixture
def dial(loop, gateway):
    """Makes a device in Python that lets the gateway's key in and dials the gateway."""

    def start(**settings):
        settings.setdefault("authorized", [gateway.public_key])
        return pydevice.PyDevice(loop, settings.pop("port", gateway.port), **settings).start()

    return start


@pytest.fixture(scope="session")
def callhome_program(tmp_path_factory):
    """The libnetconf2 device, compiled for this run."""
    assert shutil.which("gcc"), "apt-get install gcc libc6-dev libnetconf2-dev libssh-dev"
    program = tmp_path_factory.mktemp("callhome") / "callhome"
    subprocess.run(["gcc", "-O1", "-o", program, HERE / "callhome.c", "-lnetconf2", "-lyang"], check=True)
    return program


@pytest.fixture
def call_home(tmp_path, callhome_program, ended, gateway):
    """Starts libnetconf2 devices that call home to the gateway."""

    def start(key, user="homing", name="callhome", authorized=None):
        allowed = tmp_path / f"{name}.authorized.pub"
        allowed.write_text((authorized or gateway.public_key) + "\n")
        command = [callhome_program, YANG, gateway.host, gateway.port, key.path, allowed, user]
        program = programs.Program(name, command, tmp_path)
        ended.append(program)
        return program.start()

    return start


@pytest.fixture(scope="session")
def root():
    assert os.geteuid() == 0, "this test needs root: it makes network namespaces, mounts or users"


@pytest.fixture
def sshd(tmp_path):
    """The real sshd, for this test's authorized keys alone."""

    class Sshd:
        path = doorway.sshd_wrapper(tmp_path, [])

        @staticmethod
        def allow(public_key):
            doorway.sshd_wrapper(tmp_path, [public_key])

    return Sshd


@pytest.fixture
def hosts(tmp_path, root, worker_id):
    """Two hosts in network namespaces of their own, joined by a cable that can swallow what it is given."""
    tag = f"h{os.getpid() % 100000}"
    names = [f"{tag}a", f"{tag}b"]

    def ip(*words, check=True):
        subprocess.run(["ip", *words], check=check, capture_output=True)

    class Hosts:
        gateway, device = names
        gateway_address, device_address = "10.199.0.1", "10.199.0.2"

        @staticmethod
        def inside(name):
            return ("ip", "netns", "exec", name)

        @staticmethod
        def cut():
            """From here on both hosts send to an address that nobody has."""
            for name, peer in zip(names, ("10.199.0.2", "10.199.0.1")):
                ip("-n", name, "neigh", "replace", peer, "lladdr", "02:00:00:00:00:99", "dev", "veth0", "nud", "permanent")

        @staticmethod
        def mend():
            for name, peer in zip(names, ("10.199.0.2", "10.199.0.1")):
                ip("-n", name, "neigh", "del", peer, "dev", "veth0")

        @staticmethod
        def connections(name):
            """The established connections of a host."""
            command = [*Hosts.inside(name), "ss", "-Htn", "state", "established"]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    for name in names:
        ip("netns", "add", name)
    try:
        ip("link", "add", "veth0", "netns", names[0], "type", "veth", "peer", "name", "veth0", "netns", names[1])
        for name, address in zip(names, ("10.199.0.1/24", "10.199.0.2/24")):
            ip("-n", name, "addr", "add", address, "dev", "veth0")
            ip("-n", name, "link", "set", "veth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield Hosts
    finally:
        for name in names:
            ip("netns", "del", name, check=False)


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """A gateway with its front door, a device with the real sshd, one with the agent's own server, an operator."""
    house = doorway.Doorway(tmp_path_factory.mktemp("door"))
    try:
        house.add(doorway.OPENSSH, "openssh")
        house.add(doorway.EMBEDDED, "embedded")
        yield house
    finally:
        house.stop()
