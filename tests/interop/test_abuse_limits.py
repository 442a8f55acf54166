"""What a gateway needs runs out: descriptors, the disk, the clock's sense. It says so, keeps what it has, and recovers by itself."""

import subprocess

import pytest

import faults
import hostile
import programs
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


@pytest.fixture
def faulty(tmp_path, ended):
    """A gateway whose clock and disk obey the test."""
    gateway, fault = faults.gateway(tmp_path, CONFIG)
    ended.append(gateway)
    return gateway.start(), fault


EDIT = "<edit-config><target><candidate/></target><config><a/></config></edit-config>"


@pytest.mark.parametrize("name, code", [("ENOSPC", "store-full"), ("EROFS", "store-read-only"), ("EIO", "store-disk-failed")])
def test_a_disk_that_takes_nothing_refuses_changes_by_name_and_costs_no_session(faulty, loop, beside, name, code):
    gateway, fault = faulty
    healthy = beside(gateway)
    field = hostile.Field(gateway, loop)
    enrolled = field.enrolled("kept", 4)
    devices = [field.device(*one).start() for one in enrolled]
    before = until("all are up", lambda: (found := up(field, devices)) and len(found) == 4 and found, timeout=60)
    healthy.start()
    fault.disk(name)
    refused, problem = field.api.ask("POST", "/devices", {"name": "too-late"})
    assert refused == 507 and f'"{code}"' in problem.decode(), (refused, problem)
    refused, problem = field.api.ask("POST", f"/devices/{enrolled[0][0]}/rpc", EDIT, "application/xml")
    assert refused == 507 and f'"{code}"' in problem.decode(), "what may change a device could not be told of in the audit trail"
    assert devices[0].operations.count("edit-config") == 0
    assert until("`homing status` says so", lambda: attention(gateway).get(code))["advice"].startswith("df -h")
    # A device that loses its connection meanwhile comes back.
    devices[1].kill()
    again = field.device(*enrolled[1], key=devices[1].key).start()
    until("it is back", lambda: up(field, [again]).get(enrolled[1][0], 0) > before[enrolled[1][0]], timeout=60)
    assert len(healthy.took) >= 1
    fault.disk(None)
    until("changes are taken again", lambda: field.api.ask("POST", "/devices", {"name": "in-time"})[0] in (201, 409), timeout=60)
    until("nothing is to be told of", lambda: code not in attention(gateway), timeout=60)
    healthy.check(most_mebibytes=48)
    kept = {device: epoch for device, epoch in up(field, devices).items() if device != enrolled[1][0]}
    assert kept == {device: epoch for device, epoch in before.items() if device != enrolled[1][0]}
    gateway.kill()
    gateway.start()
    names = {device["name"] for device in gateway.devices()}
    assert names >= {name for name, _ in enrolled} | {"in-time", "healthy"} and "too-late" not in names
    assert gateway.run("audit", "verify").returncode == 0
    codes = gateway.codes(enrolled[1][0])
    assert codes.count("in-session") + codes.count("took-over") >= 2, "what waited in memory was written when the disk had room"


def test_a_full_file_system_refuses_changes_until_it_has_room(tmp_path, root, ended, loop, beside):
    disk = tmp_path / "gw"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "none", disk], check=True)
    try:
        gateway = programs.Gateway(tmp_path, config=CONFIG)
        ended.append(gateway)
        gateway.start()
        healthy = beside(gateway)
        field = hostile.Field(gateway, loop)
        healthy.start()
        ballast = disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(b"b" * 4096):
                    pass
            except OSError:
                pass
        taken = []

        def is_refused():
            name = f"d{len(taken)}"
            status, problem = field.api.ask("POST", "/devices", {"name": name, "tags": {"note": "x" * 200}})
            if status == 201:
                taken.append(name)
            return status == 507 and problem

        assert b'"store-full"' in until("a change is refused", is_refused, timeout=60, pause=0)
        until("`homing status` says so", lambda: attention(gateway).get("store-full"))
        ballast.unlink()
        until("changes are taken again", lambda: field.api.ask("POST", "/devices", {"name": "in-time"})[0] in (201, 409), timeout=60)
        healthy.check(most_mebibytes=48)
        gateway.kill()
        gateway.start()
        assert {device["name"] for device in gateway.devices()} >= {*taken, "in-time"}
        gateway.stop()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_read_only_data_folder_is_refused_by_name_at_the_start(tmp_path, root):
    gateway = programs.Gateway(tmp_path)
    gateway.start()
    gateway.stop()
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, gateway.data, *gateway.command]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert str(gateway.data) in done.stderr and "ead-only file system" in done.stderr, done.stderr


def test_a_clock_that_jumps_by_an_hour_both_ways_costs_no_session(faulty, loop, beside):
    gateway, fault = faulty
    healthy = beside(gateway)
    field = hostile.Field(gateway, loop)
    (steady, redials) = field.enrolled("kept", 2)
    device = field.device(*steady).start()
    before = until("it is up", lambda: up(field, [device]), timeout=60)
    back = field.device(*redials).start()
    last = until("the other is up", lambda: up(field, [back]), timeout=60)[redials[0]]
    healthy.start()
    for seconds in (3600, 0, -3600, 0, -3600, 3600, 0):
        fault.clock(seconds)
        asked = len(healthy.took)
        until("RPCs are answered", lambda: len(healthy.took) > asked + 3, timeout=60)
        # The newest connection of a device is the newest, whatever the clock says.
        back.kill()
        back = field.device(*redials, key=back.key).start()
        last = until("a newer session", lambda: up(field, [back]).get(redials[0], 0) > last and up(field, [back])[redials[0]], timeout=60)
        assert field.api.ask("PATCH", f"/devices/{steady[0]}", {"tags": {"ahead": str(seconds)}})[0] == 200
    healthy.check(most_mebibytes=48)
    assert up(field, [device]) == before
    numbers = [event["id"] for event in gateway.log_of(redials[0])]
    assert numbers == sorted(numbers), "the timeline's order is what happened"
    assert gateway.run("audit", "verify").returncode == 0
