"""`kill -9` in the middle of a storm, again and again: what was acknowledged is there, and the store is sound each time.

`INTEROP_KILLS=500` for as many as the issue asks for; fewer in a test run.
"""

import asyncio
import itertools
import os
import random
import shutil
import sqlite3
import threading

import pytest

import hostile
import programs
import witness
from programs import until

KILLS = int(os.environ.get("INTEROP_KILLS", "30"))
CONFIG = """
refuse_hold = "0s"
[events]
keep = 20000
keep_unknown = 20000
"""


class Writer(threading.Thread):
    """An operator's program that enrols devices, changes and forgets some, and keeps what was acknowledged."""

    def __init__(self, gateway, number):
        super().__init__(daemon=True)
        self.gateway, self.prefix = gateway, f"w{number}"
        self.there, self.gone = {}, set()
        self.maybe = set()
        self.stopping = threading.Event()
        self.count = 0

    def run(self):
        api = witness.Api(self.gateway)
        for number in itertools.count():
            if self.stopping.is_set():
                return
            name = f"{self.prefix}-{number}"
            try:
                if api.ask("POST", "/devices", {"name": name, "tags": {"n": "0"}})[0] == 201:
                    self.there[name] = "0"
                    self.count += 1
                if number % 3 == 1:
                    self.maybe.add(name)
                    if api.ask("PATCH", f"/devices/{name}", {"tags": {"n": "1"}})[0] == 200:
                        self.there[name] = "1"
                        self.maybe.discard(name)
                if number % 3 == 2:
                    self.maybe.add(name)
                    if api.ask("DELETE", f"/devices/{name}")[0] == 204:
                        self.there.pop(name, None)
                        self.gone.add(name)
                        self.maybe.discard(name)
            except OSError:
                self.stopping.wait(0.02)
            except Exception:  # noqa: BLE001: half of an answer is no answer
                api.close()


def sound(data, folder):
    """Looks into a copy of the database as the kill left it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in data.glob("*.db*"):
        shutil.copy(file, folder)
    (file,) = folder.glob("*.db")
    with sqlite3.connect(file) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def whole(gateway, writers):
    """All that was acknowledged is as it was acknowledged; of what was not, either."""
    api, found, path = witness.Api(gateway), {}, "/devices?limit=1000"
    while path:
        page = api.json("GET", path)
        found.update({device["name"]: device["tags"].get("n") for device in page})
        path = f"/devices?limit=1000&cursor={api.cursor}" if api.cursor else None
    for writer in writers:
        lost = {name: tag for name, tag in writer.there.items() if found.get(name) != tag and name not in writer.maybe}
        assert not lost, f"{len(lost)} of {len(writer.there)} are not as acknowledged: {list(lost.items())[:5]}"
        back = writer.gone & found.keys()
        assert not back, f"forgotten and there again: {sorted(back)[:5]}"
    return len(found)


async def strangers(field):
    """What writes events for ever: openings that are refused."""
    for number in itertools.count():
        try:
            sock = await hostile.dial(field, number)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        await hostile.send(sock, b"GET / HTTP/1.1\r\n" if number % 2 else b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V2\r\n")
        sock.close()
        await asyncio.sleep(0.002)


async def dial_on(device):
    """A device that dials again at once, as long as the test runs."""
    while True:
        await asyncio.gather(device.serve(), return_exceptions=True)
        await asyncio.sleep(0.05)


@pytest.mark.timeout(120 + KILLS * 10)
def test_kill_9_in_a_storm_loses_nothing_that_was_acknowledged(tmp_path, ended, loop):
    hostile.allow_descriptors(4096)
    gateway = programs.Gateway(tmp_path, config=CONFIG)
    gateway.env["RUST_LOG"] = "warn"
    ended.append(gateway)
    gateway.start()
    field = hostile.Field(gateway, loop)
    devices = [field.device(*one) for one in field.enrolled("dev", 12)]
    storm = [loop.spawn(dial_on(device)) for device in devices] + [loop.spawn(strangers(field))]
    writers = [Writer(gateway, number) for number in range(3)]
    [writer.start() for writer in writers]
    chance, seen = random.Random(6), 0
    try:
        for kill in range(KILLS):
            count = sum(writer.count for writer in writers)
            until("something is acknowledged", lambda: sum(writer.count for writer in writers) > count, timeout=60, pause=0.005)
            writers[0].stopping.wait(chance.uniform(0, 0.2))
            gateway.kill()
            sound(gateway.data, tmp_path / "copy")
            gateway.start()
            if kill % 5 == 4:
                assert gateway.run("audit", "verify").returncode == 0
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join(60)
        seen = whole(gateway, writers)
        assert gateway.run("audit", "verify").returncode == 0
        up = lambda: {device["name"] for device in gateway.devices() if device["state"] == "up"}  # noqa: E731
        until("the devices are back", lambda: {device.device_id for device in devices} <= up(), timeout=60)
    finally:
        for task in storm:
            task.cancel()
        for writer in writers:
            writer.stopping.set()
    acknowledged = sum(writer.count for writer in writers)
    print(f"\n{KILLS} kills, {acknowledged} enrolments acknowledged, {seen} devices there, none lost")
    assert acknowledged >= KILLS
