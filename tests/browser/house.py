"""A gateway with its console on a free port of loopback, and real agents that dial it."""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))

import programs  # noqa: E402
from programs import until  # noqa: E402

# Every page of a test comes from one address.
CONFIG = """
[http]
listen = ["http://127.0.0.1:{port}"]
rate = 10000
max_per_source = 500

[recordings]
roles = ["configurator", "admin"]
"""


class House:
    """A gateway, its console, and the agents that were started."""

    def __init__(self, start=True, config=CONFIG):
        # Short, because the paths of Unix sockets are.
        self.folder = Path(tempfile.mkdtemp(prefix="homing-"))
        self.web_port = programs.free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.gateway = programs.Gateway(self.folder, config=config.format(port=self.web_port))
        self.started = [self.gateway]
        self.agents = {}
        if start:
            self.gateway.start()

    def link(self):
        """A link that logs a browser in once, as whoever owns the gateway."""
        return re.search(r"http://\S+", self.gateway.run("web").stdout).group(0)

    def first_link(self):
        """The link that the gateway printed for the first admin."""
        return until("the first link", lambda: re.search(rf"{re.escape(self.url)}/first\S+", self.gateway.output())).group(0)

    def add_user(self, name, role):
        """A user, and a password that is good once."""
        self.gateway.run("api", "POST", "/users", "--input", "-", stdin=json.dumps({"name": name, "role": role}))
        return self.password(name)

    def password(self, name):
        said = self.gateway.run("api", "POST", f"/users/{name}/password").stdout
        return json.loads(said)["password"]

    def audit(self, action):
        """The entries of an action, oldest first."""
        return self.gateway.audit("--action", action)

    def enroll(self, name, *words):
        """Enrols a device; its secret."""
        return self.gateway.secret_of(self.gateway.enroll(name, *words, user="root"))

    def agent(self, name, secret=None, device_id=None, start=True):
        """An agent with the embedded SSH server; without a secret it is a stranger."""
        text = programs.configuration(
            programs.stanza(self.gateway.port, device_id=device_id or name, secret=secret),
            login=programs.login("root", self.gateway.public_key),
            host_name=name if re.fullmatch(r"[a-z0-9-]+", name) else "edge",
        )
        word = re.sub(r"[^a-z0-9-]", "-", name)
        agent = programs.Agent(self.folder / word, text, "--ssh-server", "embedded", name=word)
        self.started.append(agent)
        self.agents[name] = agent
        return agent.start() if start else agent

    def paste(self, name, stanza):
        """An agent whose configuration is what an operator pasted, in set or curly form."""
        first = f"set system host-name {name}" if stanza.startswith("set ") else f"system {{ host-name {name}; }}"
        agent = programs.Agent(self.folder / name, f"{first}\n{stanza}", "--ssh-server", "embedded", name=name)
        self.started.append(agent)
        return agent.start()

    def device(self, name, *words):
        """An enrolled device in session."""
        agent = self.agent(name, self.enroll(name, *words))
        self.gateway.wait_up(name)
        return agent

    def stop(self):
        for program in reversed(self.started):
            program.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def chromium(playwright):
    """Debian's Chromium, without a word to the outside."""
    flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync --font-render-hinting=none"
    return playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=flags.split())


__all__ = ["CONFIG", "House", "chromium", "programs", "until"]
