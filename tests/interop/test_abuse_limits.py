"""What a gateway needs runs out: descriptors, the disk, the clock's sense. It says so, keeps what it has, and recovers by itself."""

import subprocess

import pytest

import faults
import hostile
import programs
import pydevice
import witness
from programs import until

CONFIG = """
opening_timeout = "20s"
keep_alive = { retry = 2, timeout = "3s" }
"""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def beside(tmp_path, ended):
    """Puts a healthy device beside a gateway that runs."""

    def join(gateway):
        device = witness.Witness(gateway, tmp_path / "healthy")
        ended.append(device)
        return device.join()

    return join


def attention(gateway):
    return {one["code"]: one for one in gateway.json("status")["attention"]}


def up(field, devices):
    names = {device.device_id for device in devices}
    found = field.api.json("GET", "/devices?limit=1000&state=up")
    return {device["name"]: device["session"]["epoch"] for device in found if device["name"] in names}


def test_the_descriptor_limit_is_told_of_and_costs_nobody_their_session(tmp_path, ended, loop, beside):
    gateway = programs.Gateway(tmp_path, config=CONFIG)
    gateway.command = ["sh", "-c", 'ulimit -n 256 && exec "$@"', "sh", *gateway.command]
    ended.append(gateway)
    gateway.start()
    healthy = beside(gateway)
    field = hostile.Field(gateway, loop, seconds=15)
    devices = [field.device(name, secret).start() for name, secret in field.enrolled("kept", 20)]
    before = until("all are up", lambda: (found := up(field, devices)) and len(found) == 20 and found, timeout=60)
    healthy.start()
    storm = loop.spawn(hostile.silent(field, 600))
    told = gateway.wait_event("descriptors-short", timeout=60)
    assert told["fields"]["limit"] == "256" and "LimitNOFILE" in told["advice"]
    assert "descriptors-short" in attention(gateway), "`homing status` answers, and says so"
    assert witness.descriptors(gateway.pid) <= 256
    host, port = field.ports["door"]
    assert loop.run(greeting(host, port)).startswith(b"SSH-2.0-"), "operators come in still"
    storm.result(90)
    assert up(field, devices) == before, "all kept their sessions"
    healthy.check(most_mebibytes=48)
    (name, secret), = field.enrolled("newcomer", 1)
    field.device(name, secret).start()
    gateway.wait_up(name, timeout=60)
    told = gateway.wait_event("descriptors-enough", timeout=90)
    assert int(told["fields"]["refused"]) > 0
    assert "descriptors-short" not in attention(gateway)


async def greeting(host, port):
    import asyncio

    reader, writer = await asyncio.open_connection(host, port)
    try:
        return await asyncio.wait_for(reader.readline(), 30)
    finally:
        writer.close()
