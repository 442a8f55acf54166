"""Devices whose SSH is from before 2016: refused with what is missing, let in where the gateway is told to, until the day it is told."""

import datetime

import asyncssh
import pytest

import programs
import pydevice
from programs import until

OLD = {
    "kex_algs": ["diffie-hellman-group14-sha1"],
    "encryption_algs": ["aes128-cbc"],
    "mac_algs": ["hmac-sha1"],
    "signature_algs": ["ssh-rsa"],
}


@pytest.fixture
def loop():
    loop = pydevice.Loop()
    yield loop
    loop.stop()


def day(ahead):
    return (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=ahead)).isoformat()


class House:
    """A gateway that is started anew with other settings, and an old device, which dials by itself."""

    def __init__(self, folder, loop, ended, calls_home):
        self.folder, self.loop, self.calls_home = folder, loop, calls_home
        self.key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
        self.gateway = programs.Gateway(folder, config="")
        ended.append(self.gateway)
        self.gateway.start()
        public = " ".join(self.key.export_public_key().decode().split()[:2])
        if calls_home:
            self.gateway.run("enroll", "old-1", "--user", "admin", "--no-secret", "--host-key", public)
            self.secret = None
        else:
            self.secret = self.gateway.secret_of(self.gateway.enroll("old-1", user="admin"))

    def restart(self, config):
        self.gateway.stop()
        (self.folder / "gateway.toml").write_text(config)
        self.gateway.start()

    def dial(self):
        device_id = None if self.calls_home else "old-1"
        device = pydevice.PyDevice(
            self.loop, self.gateway.port, device_id=device_id, secret=self.secret, key=self.key,
            authorized=[self.gateway.public_key], ssh=OLD,
        )  # fmt: skip
        return device.start()

    def told(self, code):
        return [event for event in self.gateway.json("device", "log", "old-1") if event["code"] == code]

    def is_refused(self):
        before = len(self.events("no-common-algorithm"))
        self.dial().lost.wait(30)
        until("it is refused", lambda: len(self.events("no-common-algorithm")) > before)
        return self.events("no-common-algorithm")[-1]

    def events(self, code):
        lines = self.gateway.run("-o", "ndjson", "events").stdout.splitlines()
        return [event for event in map(programs.json.loads, lines) if event["code"] == code]


@pytest.mark.parametrize("calls_home", [False, True], ids=["outbound-ssh", "call-home"])
def test_old_algorithms_are_taken_from_that_device_until_that_day(tmp_path, loop, ended, calls_home):
    house = House(tmp_path, loop, ended, calls_home)
    refused = house.is_refused()
    assert "algorithm in common; the device has " in refused["message"], refused
    assert "old_algorithms" in refused["advice"], refused
    house.restart(f'old_algorithms = ["old-1={day(1)}"]\n')
    device = house.dial()
    house.gateway.wait_up("old-1")
    attention = house.gateway.run("status").stdout
    assert "old-1" in attention and "old" in attention, attention
    house.restart(f'old_algorithms = ["old-1={day(-1)}"]\n')
    device.lost.wait(30)
    house.is_refused()
    house.restart(f'old_algorithms = ["another={day(1)}"]\n')
    house.is_refused()
