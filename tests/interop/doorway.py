"""A gateway with its front door, two devices behind it, and an operator with a key: what the tests of the front door share."""

import json
import os
import subprocess
from pathlib import Path

import programs
from programs import run

SSHD = "/usr/sbin/sshd"
OPENSSH, EMBEDDED = "os-1", "em-1"


def sshd_wrapper(folder, authorized):
    """The real sshd, told where this test's authorized keys are; nothing of the system is changed."""
    assert os.geteuid() == 0, "this test needs root: it runs sshd"
    assert os.path.exists(SSHD), "apt-get install openssh-server"
    os.makedirs("/run/sshd", exist_ok=True)
    keys, wrapper = folder / "authorized_keys", folder / "sshd"
    keys.write_text("".join(f"{key}\n" for key in authorized))
    options = f"-o AuthorizedKeysFile={keys} -o StrictModes=no -o UsePAM=no -o PermitRootLogin=prohibit-password"
    wrapper.write_text(f'#!/bin/sh\nexec {SSHD} {options} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


ANSIBLE = programs.TOOLS / "venv-ansible" / "bin"


class Ansible:
    """Ansible's programs over the inventory of a house, with a home of their own."""

    def __init__(self, house):
        self.house, self.folder = house, house.folder / "ansible"
        self.folder.mkdir()
        self.script = self.folder / "homing.sh"
        self.script.write_text('#!/bin/sh\nexec homing ansible-inventory --connection "$CONNECTION" "$@"\n')
        self.script.chmod(0o755)
        settings = "[defaults]\nhost_key_checking = true\nretry_files_enabled = false\ninterpreter_python = auto_silent\n"
        (self.folder / "ansible.cfg").write_text(settings)
        (house.home / ".ssh" / "known_hosts").write_text(house.homing("ssh-config", "--known-hosts").stdout)

    def run(self, program, *words, connection="netconf", check=0, timeout=55):
        own = {
            **self.house.environment,
            "PATH": f"{ANSIBLE}{os.pathsep}{self.house.environment['PATH']}",
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
            "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(self.folder / "pc"),
            "ANSIBLE_NOCOLOR": "1",
            "CONNECTION": connection,
        }
        return run([ANSIBLE / program, "-i", self.script, *words], check=check, timeout=timeout, env=own)


class Doorway:
    """The gateway, its devices `os-1` (real sshd) and `em-1` (the agent's own server), and the operator `ops`."""

    def __init__(self, folder, tags=("site=fra",), config=None):
        self.folder = Path(folder)
        self.gateway = programs.Gateway(self.folder, config=config).start()
        self.started = [self.gateway]
        self.key = self.key_of("ops")
        self.home = self.folder / "home"
        (self.home / ".ssh").mkdir(parents=True)
        self.add_user("ops", "admin")
        door = self.gateway.json("status")["front_door"]
        self.host, port = door["addresses"][0].rsplit(":", 1)
        self.port, self.host_key = int(port), door["host_key"]
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text(f"[{self.host}]:{self.port} {self.host_key}\n")
        self.tags = [word for tag in tags for word in ("--tag", tag)]
        self.agents = {}

    def key_of(self, name):
        return self.folder / f"key-{name}"

    def add_user(self, name, role):
        """A user with a key of their own."""
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self.key_of(name)], check=True)
        public_key = Path(f"{self.key_of(name)}.pub").read_text().strip()
        for path, body in (("/users", {"name": name, "role": role}), (f"/users/{name}/keys", {"key": public_key})):
            self.gateway.run("api", "POST", path, "--input", "-", stdin=json.dumps(body))

    def add(self, name, server, start=True, **login):
        """Enrols a device and starts its agent."""
        folder = self.folder / name
        folder.mkdir()
        more = ["--sshd", sshd_wrapper(folder, [self.gateway.public_key])] if server == "openssh" else []
        secret = self.gateway.secret_of(self.gateway.enroll(name, *self.tags, user="root"))
        text = programs.configuration(
            programs.stanza(self.gateway.port, device_id=name, secret=secret),
            login=programs.login("root", self.gateway.public_key),
            host_name=name,
        )
        agent = programs.Agent(folder, text, "--ssh-server", server, *more, name=name)
        self.agents[name] = agent
        self.started.append(agent)
        if start:
            agent.start()
            self.gateway.wait_up(name)
        return agent

    def options(self, device, user="ops", separator=":"):
        """What leads any program of OpenSSH to the device."""
        words = [f"User={user}{separator}{device}", f"Port={self.port}", f"IdentityFile={self.key}", "IdentitiesOnly=yes"]
        words += [f"UserKnownHostsFile={self.known_hosts}", "StrictHostKeyChecking=yes", "BatchMode=yes", "LogLevel=ERROR"]
        return [word for option in words for word in ("-o", option)]

    def ssh(self, device, *command, options=(), check=0, timeout=40, stdin=None, **more):
        """Runs the system's ssh against the door."""
        line = ["ssh", "-F", "none", *options, *self.options(device), self.host, *command]
        return run(line, check=check, timeout=timeout, stdin=stdin, **more)

    @property
    def environment(self):
        """For `homing` as the operator's own command: a home of its own."""
        path = f"{programs.BINARIES}{os.pathsep}{os.environ['PATH']}"
        own = {"HOME": str(self.home), "PATH": path, "HOMING_SOCKET": str(self.gateway.socket), "HOMING_USER": "ops"}
        return {**os.environ, **own, "XDG_CACHE_HOME": str(self.home / "cache")}

    def homing(self, *words, check=0, timeout=40, stdin=None):
        """A verb of `homing` as the operator types it."""
        return run(["homing", *map(str, words)], check=check, timeout=timeout, stdin=stdin, env=self.environment)

    def as_operator(self):
        """The words that make a verb of `homing` use this operator's key."""
        return ["--identity", self.key, "--ssh-option", "IdentitiesOnly=yes", "--ssh-option", "BatchMode=yes"]

    def stop(self):
        for program in reversed(self.started):
            program.stop()
