"""Many operators who ask for much and read nothing: the gateway keeps to its limits, and each of them hears why they were cut."""

import re
import subprocess

import pytest

import doorway
from doorway import EMBEDDED
from programs import memory, spooled, until

OPERATORS, MIB = 8, 1 << 20
CONFIG = """
[front_door]
channel_spool = "48 MiB"
total_spool = "128 MiB"
cut_patience = "3s"
"""


@pytest.fixture
def house(tmp_path):
    house = doorway.Doorway(tmp_path, config=CONFIG)
    try:
        house.add(EMBEDDED, "embedded")
        yield house
    finally:
        house.stop()


@pytest.mark.timeout(240)
def test_each_of_many_stalled_operators_is_cut_with_a_reason_and_the_room_is_given_back(house, tmp_path):
    pid = house.gateway.pid
    before = memory(pid)[0]
    begun = house.gateway.device(EMBEDDED)["session"]["since"]
    names = [f"op{number}" for number in range(OPERATORS)]
    stalled = []
    for name in names:
        house.add_user(name, "configurator")
        line = ["ssh", "-F", "none", *house.options(EMBEDDED, user=name), house.host, f"head -c {80 * MIB} /dev/zero"]
        line[line.index(f"IdentityFile={house.key}")] = f"IdentityFile={house.key_of(name)}"
        errors = open(tmp_path / f"{name}.err", "wb")
        stalled.append(subprocess.Popen(list(map(str, line)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors))
    most = [0, 0]

    def look():
        most[:] = map(max, most, (spooled(pid), memory(pid)[0]))
        return most

    until("all are cut", lambda: look() and len(house.gateway.audit("--action", "channel-cut")) == OPERATORS, timeout=120)
    assert {entry["operator"] for entry in house.gateway.audit("--action", "channel-cut")} == set(names)
    # Of each file the last block counts as a whole.
    assert 0 < most[0] <= 128 * MIB + OPERATORS * 4096, most
    assert most[1] - before <= 64 * MIB, (before, most)
    until("their room is given back", lambda: spooled(pid) == 0, timeout=60)
    until("all are told", lambda: len([entry for entry in house.gateway.audit("--action", "channel-closed") if entry["operator"] in names]) == OPERATORS)
    told = [event for event in house.gateway.log_of(EMBEDDED) if event["code"] == "channel-cut"]
    assert {event["fields"]["actor"] for event in told} == set(names)
    for name, process in zip(names, stalled):
        process.communicate(timeout=60)
        said = (tmp_path / f"{name}.err").read_text()
        assert process.returncode == 255, (name, process.returncode, said)
        assert re.match(rf"{EMBEDDED}: channel closed: (the reader is too slow: more than|too much waits)", said), (name, said)
    assert house.gateway.device(EMBEDDED)["session"]["since"] == begun, "the device stayed in session"
