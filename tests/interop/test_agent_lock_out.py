"""A commit over the very connection that it changes: the device comes back whatever was committed."""

import re
import time

import pytest

from programs import Gateway, configuration, login, stanza, until

NAME, OTHER = "edge-1", "edge-1b"


def load(*lines):
    text = "\n".join(lines)
    return f'<load-configuration action="set" format="text"><configuration-set>{text}</configuration-set></load-configuration>'


def commit(seconds):
    """A confirmed commit that outlives its session, which ends with the connection."""
    wait = f"<confirm-timeout>{seconds}</confirm-timeout><persist>tried</persist>"
    return f"<commit><confirmed/>{wait}</commit>"


CONFIRM = "<commit><persist-id>tried</persist-id></commit>"
PATH = "system services outbound-ssh client gateway"


@pytest.fixture
def away(tmp_path, hosts, ended, start_agent, sshd):
    """A gateway on one host, a device on another with two clients; RPCs by the gateway."""

    class Away:
        def start(self, server):
            self.gateway = Gateway(tmp_path, prefix=hosts.inside(hosts.gateway), hosts=[hosts.gateway_address])
            ended.append(self.gateway)
            self.gateway.start()
            stanzas = []
            for name, client in ((NAME, "gateway"), (OTHER, "second")):
                secret = self.gateway.secret_of(self.gateway.enroll(name, user="root"))
                stanzas.append(stanza(self.gateway.port, client=client, host=self.gateway.host, device_id=name, secret=secret))
            sshd.allow(self.gateway.public_key)
            text = configuration(*stanzas, login=login("root", self.gateway.public_key))
            flags = ["--ssh-server", server, "--sshd", sshd.path]
            self.agent = start_agent(text, *flags, name=NAME, prefix=hosts.inside(hosts.device))
            for name in (NAME, OTHER):
                self.gateway.wait_up(name)
            return self

        def rpc(self, operation, name=NAME, check=0):
            return self.gateway.run("rpc", name, operation, check=check)

        def epoch(self, name=NAME):
            session = self.gateway.device(name)["session"]
            return session and session["epoch"]

        def newer(self, epoch, name=NAME, timeout=60):
            return until("a newer session", lambda: (self.epoch(name) or 0) > epoch, timeout)

        def running(self):
            return self.rpc("<get-configuration database=\"committed\" format=\"set\"/>", OTHER).stdout

    return Away()


@pytest.mark.timeout(150)
@pytest.mark.parametrize("server", ["embedded", "openssh"])
def test_a_wrong_address_committed_over_the_connection_rolls_back_and_the_device_returns(away, server):
    away.start(server)
    first = away.epoch()
    away.rpc(load(f"delete {PATH} {away.gateway.host}", f"set {PATH} 10.199.0.77 port 4334"))
    began = time.monotonic()
    assert "<ok" in away.rpc(commit(20)).stdout, "the reply passes before the connection ends"
    until("the connection is gone", lambda: away.gateway.device(NAME)["session"] is None, 30)
    assert "10.199.0.77" in away.running()

    refused = away.rpc(CONFIRM, OTHER, check=None)
    assert "no gateway was reached by outbound-ssh client `gateway`" in refused.stdout + refused.stderr

    away.newer(first)
    assert time.monotonic() - began >= 18, "it comes back by the rollback alone"
    assert "10.199.0.77" not in away.running()
    assert f"<host-name>{NAME}</host-name>" not in away.rpc("<get-system-information/>").stderr


@pytest.mark.timeout(150)
def test_a_stanza_that_works_is_logged_into_and_may_be_confirmed(away):
    away.start("embedded")
    first = away.epoch()
    away.rpc(load(f"set {PATH} keep-alive retry 7"))
    away.rpc(commit(25))
    away.newer(first)
    assert "<ok" in away.rpc(CONFIRM).stdout
    time.sleep(27)
    assert re.search(r"keep-alive retry 7", away.running())


@pytest.mark.timeout(150)
def test_who_may_log_in_is_tried_before_it_stays(away):
    away.start("embedded")
    first = away.epoch()
    away.rpc(load("delete system login user root authentication", "set system login user root class super-user"))
    away.rpc(commit(20))
    away.newer(first)
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
