"""A gateway with its console on a free port of loopback, and real agents that dial it."""

import json
import re
import sys
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

    def __init__(self, folder, start=True):
        self.folder = Path(folder)
        self.web_port = programs.free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.gateway = programs.Gateway(self.folder, config=CONFIG.format(port=self.web_port))
        self.started = [self.gateway]
        self.agents = {}
        if start:
            self.gateway.start()

    def link(self, user=None, role=None):
        """A link that logs a browser in, once: as the owner of the gateway, or as a user who is made here."""
        if role:
            self.gateway.run("api", "POST", "/users", "--input", "-", stdin=json.dumps({"name": user, "role": role}))
        words = ["web"] + (["--user", user] if user else [])
        said = self.gateway.run(*words)
        return re.search(r"http://\S+", said.stdout + said.stderr).group(0)

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

    def device(self, name, *words):
        """An enrolled device in session."""
        agent = self.agent(name, self.enroll(name, *words))
        self.gateway.wait_up(name)
        return agent

    def stop(self):
        for program in reversed(self.started):
            program.stop()


def chromium(playwright):
    """Debian's Chromium, without a word to the outside."""
    flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync --font-render-hinting=none"
    return playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=flags.split())


__all__ = ["CONFIG", "House", "chromium", "programs", "until"]
