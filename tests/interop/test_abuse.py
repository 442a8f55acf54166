"""Nothing gets worse under abuse: whatever hostile peers do for a few seconds, the gateway's memory keeps to a bound, every one of them
hears or is told of why, and a healthy device beside them does not notice. See docs/abuse.md.
"""

import asyncio

import asyncssh
import pytest

import hostile
import programs
import pydevice
import witness
from conftest import Key

CONFIG = """
# As by default, but sooner: a test has no half minutes.
opening_timeout = "3s"
setup_timeout = "10s"
refuse_hold = "2s"
keep_alive = { retry = 2, timeout = "3s" }
[http]
listen = ["http://127.0.0.1:0"]
rate = 100000
"""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A gateway under abuse, a healthy device, an operator."""
    hostile.allow_descriptors(12_000)
    folder = tmp_path_factory.mktemp("abuse")
    loop = pydevice.Loop()
    gateway = programs.Gateway(folder, config=CONFIG)
    gateway.env["RUST_LOG"] = "info"
    started = [gateway]
    try:
        gateway.start()
        beside = witness.Witness(gateway, folder)
        started.append(beside)
        beside.join()
        field = hostile.Field(gateway, loop)
        field.key = Key(folder, "ops")
        for path, body in (("/users", {"name": "ops", "role": "admin"}), ("/users/ops/keys", {"key": field.key.text})):
            field.api.json("POST", path, body)
        yield field, beside
    finally:
        for program in reversed(started):
            program.stop()
        loop.stop()


@pytest.fixture
def abuse(house):
    """Runs a scenario beside the healthy device and a newcomer; both must not notice."""
    field, beside = house

    def run(scenario, most_mebibytes, newcomer=True):
        beside.start()
        running = field.loop.spawn(scenario)
        try:
            if newcomer:
                # Who has every right to come in comes in while the others do their worst.
                (name, secret), = field.enrolled("newcomer", 1)
                device = field.device(name, secret).start()
                field.gateway.wait_up(name, timeout=60)
                device.task.cancel()
            facts = running.result(150)
        finally:
            running.cancel()
        print(f"\n{facts}")
        beside.check(most_mebibytes)
        return facts

    return run


def told(house, *codes, device=None):
    """Waits for an event that names what was refused."""
    field, _ = house
    if device:
        return field.gateway.wait_code(device, *codes, timeout=40)
    return field.gateway.wait_event(*codes, timeout=40)


def metric(house, name):
    field, _ = house
    status, text = witness.Api(field.gateway).ask("GET", "/metrics")
    assert status == 200
    return sum(float(line.split()[1]) for line in text.decode().splitlines() if line.startswith(name))


def test_5000_silent_connections_end_by_themselves(house, abuse):
    facts = abuse(hostile.silent(house[0]), most_mebibytes=80)
    assert facts.get("hung up", 0) >= 4990, facts
    told(house, "silent")


def test_5000_silent_connections_of_one_address_are_mostly_closed_at_once(house, abuse):
    before = metric(house, "homing_turned_away_total")
    facts = abuse(hostile.silent_from_one_address(house[0]), most_mebibytes=64)
    assert facts.get("hung up", 0) + facts.get("not connected", 0) >= 4990, facts
    assert metric(house, "homing_turned_away_total") - before >= 1000


def test_silent_connections_at_the_front_door_keep_no_operator_out(house, abuse):
    field, _ = house
    longer = hostile.Field(field.gateway, field.loop, seconds=15)
    longer.numbers = field.numbers

    async def operators_come():
        crowd = asyncio.ensure_future(hostile.silent(longer, 1500, each=30, where="door"))
        host, port = field.ports["door"]
        came = 0
        while not crowd.done():
            words = {"username": "ops:healthy", "client_keys": [str(field.key.path)], "known_hosts": None, "config": None}
            async with asyncssh.connect(host, port, **words, login_timeout=40):
                came += 1
            await asyncio.sleep(0.5)
        return {**crowd.result(), "operators": came}

    facts = abuse(operators_come(), most_mebibytes=96)
    assert facts["operators"] >= 2, facts
    assert facts.get("hung up", 0) >= 1000, "whoever says nothing makes room for others"


def test_one_byte_a_second_is_hung_up_on(house, abuse):
    assert abuse(hostile.one_byte_a_second(house[0]), most_mebibytes=48).get("hung up", 0) >= 295
    told(house, "initiation-timeout")


def test_initiations_of_9_kibibytes_are_refused(house, abuse):
    assert abuse(hostile.long_initiations(house[0]), most_mebibytes=64).get("hung up", 0) >= 990
    told(house, "initiation-too-long")


LINES = {
    "initiation": ("devices", b"MSG-ID: DEVICE-CONN-INFO\r\nX-LONG: "),
    "banner": ("devices", b"SSH-2.0-"),
    "proxy": ("devices", b"PROXY TCP4 "),
    "operator's banner": ("door", b"SSH-2.0-"),
    "before an operator's banner": ("door", b""),
    "request": ("http", b"GET /"),
    "header": ("http", b"GET / HTTP/1.1\r\nX-Long: "),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_100_mb_is_never_held(house, abuse, line):
    facts = abuse(hostile.endless_line(house[0], *LINES[line]), most_mebibytes=32, newcomer=False)
    assert facts["most MiB"] < 32, facts


@pytest.mark.parametrize("where", ["devices", "door", "http"])
def test_garbage_is_refused(house, abuse, where):
    abuse(hostile.garbage(house[0], where), most_mebibytes=64)
    if where == "devices":
        told(house, "unknown-opening")


@pytest.mark.parametrize("where", ["devices", "door"])
def test_tls_to_an_ssh_port_is_refused_by_name(house, abuse, where):
    facts = abuse(hostile.tls(house[0], where), most_mebibytes=48)
    assert "TLS began" not in facts, facts
    if where == "devices":
        told(house, "tls-unsupported")


def test_ssh_peers_that_stop_after_the_banner_are_hung_up_on(house, abuse):
    facts = abuse(hostile.stops_after_the_banner(slow(house)), most_mebibytes=64)
    assert facts.get("hung up", 0) >= 295, facts
    told(house, "setup-timeout")


def test_ssh_peers_that_stop_in_the_middle_of_a_packet_are_hung_up_on(house, abuse):
    facts = abuse(hostile.stops_in_the_middle_of_a_packet(slow(house)), most_mebibytes=64)
    assert facts.get("hung up", 0) >= 295, facts


def test_ssh_peers_that_never_read_are_hung_up_on(house, abuse):
    facts = abuse(hostile.never_reads(slow(house)), most_mebibytes=64)
    assert facts.get("hung up", 0) >= 295, facts


def test_ssh_peers_that_stop_after_the_key_exchange_are_hung_up_on(house, abuse):
    facts = abuse(hostile.stops_after_the_key_exchange(slow(house)), most_mebibytes=64)
    assert facts["hung up"] == 60 and facts["logins"] > 0, facts


def slow(house):
    """Long enough for `setup_timeout` and the hold after it."""
    field, _ = house
    longer = hostile.Field(field.gateway, field.loop, seconds=30)
    longer.numbers = field.numbers
    return longer


def test_keys_renewed_every_second_cost_no_session(house, abuse):
    facts = abuse(hostile.rekeys_every_second(house[0]), most_mebibytes=48)
    assert facts["same session"] == 10 and set(facts["answers"]) == {200}, facts
    assert facts["renewed"] >= 2, facts


def test_10_000_channels_of_a_device_are_refused(house, abuse):
    facts = abuse(hostile.device_opens_channels(house[0]), most_mebibytes=48)
    assert (facts.get("refused"), facts.get("taken", 0)) == (10_000, 0), facts
    assert (facts["answer"], facts["same session"]) == (200, 1), "what it serves it goes on serving"
    assert told(house, "channels-refused", device=facts["device"])["advice"]


def test_10_000_channels_of_an_operator_are_limited(house, abuse):
    facts = abuse(hostile.operator_opens_channels(house[0], key=str(house[0].key.path)), most_mebibytes=96)
    assert 0 < facts.get("taken", 0) <= 256, facts
    assert facts["refused"] == 10_000 - facts["taken"], facts


@pytest.mark.parametrize("what", hostile.TALK)
def test_a_device_that_says_what_nobody_asked_for_ever(house, abuse, what):
    facts = abuse(hostile.says_what_nobody_asked(house[0], what), most_mebibytes=64)
    assert facts["MiB"] > 0, facts


def test_a_device_in_session_that_reads_no_more_is_given_up(house, abuse):
    facts = abuse(hostile.stops_reading_in_session(house[0]), most_mebibytes=64)
    assert 200 not in facts["answers"], facts
    assert told(house, "session-closed", device=facts["device"])["fields"]["by"] != "us"


def test_a_device_in_session_that_stops_in_the_middle_of_a_packet_is_given_up(house, abuse):
    facts = abuse(hostile.stops_in_mid_packet_in_session(house[0]), most_mebibytes=48)
    assert "keep-alive" in told(house, "session-closed", device=facts["device"])["message"]
