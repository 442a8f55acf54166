"""A commit over the very connection that it changes: the device comes back whatever was committed."""

import os
import re
import time

import pytest

import doorway
import programs
from programs import Gateway, configuration, login, stanza, until

NAME = "edge-1"


def load(*lines):
    text = "\n".join(lines)
    return f'<load-configuration action="set" format="text"><configuration-set>{text}</configuration-set></load-configuration>'


# Junos's own commit outlives the session, which ends with the connection.
CONFIRMED = "<commit-configuration><confirmed/><confirm-timeout>1</confirm-timeout></commit-configuration>"
COMMIT = "<commit-configuration/>"
PATH = "system services outbound-ssh client gateway"


@pytest.fixture
def away(tmp_path, hosts, ended, start_agent, sshd):
    """A gateway on one host, a device on another; RPCs by the gateway."""

    class Away:
        def start(self, server):
            self.gateway = Gateway(tmp_path, prefix=hosts.inside(hosts.gateway), hosts=[hosts.gateway_address])
            ended.append(self.gateway)
            self.gateway.start()
            secret = self.gateway.secret_of(self.gateway.enroll(NAME, user="root"))
            own = stanza(self.gateway.port, host=self.gateway.host, device_id=NAME, secret=secret)
            sshd.allow(self.gateway.public_key)
            text = configuration(own, login=login("root", self.gateway.public_key))
            flags = ["--ssh-server", server, "--sshd", sshd.path]
            self.agent = start_agent(text, *flags, name=NAME, prefix=hosts.inside(hosts.device))
            self.gateway.wait_up(NAME)
            return self

        def cli(self, *commands, check=0, **environment):
            """The command line at the device itself."""
            socket = tmp_path / f"{NAME}-state" / "netconf.sock"
            words = [programs.BINARIES / "homing-agent", "cli", "--socket", socket, "-c", "; ".join(commands)]
            return doorway.run(words, check=check, env={**os.environ, **environment})

        def rpc(self, operation, check=0):
            return self.gateway.run("rpc", NAME, operation, check=check)

        def epoch(self):
            session = self.gateway.device(NAME)["session"]
            return session and session["epoch"]

        def newer(self, epoch, timeout=60):
            return until("a newer session", lambda: (self.epoch() or 0) > epoch, timeout)

        def running(self):
            return self.cli("show configuration | display set").stdout

    return Away()


@pytest.mark.timeout(150)
@pytest.mark.parametrize("server", ["embedded", "openssh"])
def test_a_wrong_address_committed_over_the_connection_rolls_back_and_the_device_returns(away, server):
    away.start(server)
    first = away.epoch()
    away.rpc(load(f"delete {PATH} {away.gateway.host}", f"set {PATH} 10.199.0.77 port 4334"))
    began = time.monotonic()
    assert "commit-success" in away.rpc(CONFIRMED).stdout, "the reply passes before the connection ends"
    until("the connection is gone", lambda: away.gateway.device(NAME)["session"] is None, 30)
    assert "10.199.0.77" in away.running()

    refused = away.cli("configure", "commit", check=1, HOMING_OUTBOUND_CLIENT="other")
    assert "no gateway was reached by outbound-ssh client `gateway`" in refused.stdout + refused.stderr

    away.newer(first, timeout=100)
    assert time.monotonic() - began >= 55, "it comes back by the rollback alone"
    assert "10.199.0.77" not in away.running()
    away.rpc("<get-system-information/>")


@pytest.mark.timeout(150)
def test_a_stanza_that_works_is_logged_into_and_may_be_confirmed(away):
    away.start("embedded")
    first = away.epoch()
    away.rpc(load(f"set {PATH} keep-alive retry 7"))
    away.rpc(CONFIRMED)
    away.newer(first)
    assert "commit-success" in away.rpc(COMMIT).stdout
    time.sleep(65)
    assert re.search(r"keep-alive retry 7", away.running())


@pytest.mark.timeout(150)
def test_who_may_log_in_is_tried_before_it_stays(away):
    away.start("embedded")
    first = away.epoch()
    away.rpc(load("delete system login user root authentication", "set system login user root class super-user"))
    away.rpc(CONFIRMED)
    until("the gateway is locked out", lambda: away.gateway.device(NAME)["session"] is None, 30)
    away.newer(first, timeout=100)
    assert "ssh-ed25519" in away.running()


def test_without_confirmed_the_reply_warns(away):
    away.start("embedded")
    first = away.epoch()
    away.rpc(load(f"set {PATH} keep-alive retry 6"))
    done = away.rpc("<commit-configuration/>", check=None)
    assert "this commit came over outbound-ssh client `gateway`" in done.stdout + done.stderr
    away.newer(first)
    away.rpc(load("set system host-name other"))
    done = away.rpc("<commit-configuration/>", check=None)
    assert "this commit came over" not in done.stdout + done.stderr
