"""Peers that mean harm, or behave as if they did: each scenario abuses one gateway for a few seconds and says what it met.

    facts = field.run(silent(field))

Tests and the benchmark share them. A scenario never judges: what must hold is in `test_abuse.py`.
"""

import asyncio
import collections
import http.client
import itertools
import os
import resource
import socket
import ssl
import time

import asyncssh
from asyncssh.packet import Boolean, String, UInt32

import pydevice
import witness

CLIENT_HELLO_ONLY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CLIENT_HELLO_ONLY.check_hostname = False
CLIENT_HELLO_ONLY.verify_mode = ssl.CERT_NONE
BANNER = b"SSH-2.0-Hostile_1.0\r\n"
KEX_INIT_BEGUN = b"\x00\x00\x04\xbc\x08\x14" + bytes(range(90))
"""The length and the begin of an SSH packet whose rest never comes."""
MSG_IGNORE, MSG_GLOBAL_REQUEST, MSG_CHANNEL_OPEN = 2, 80, 90


def allow_descriptors(count):
    """This process, and the gateways that it starts from here on, may have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        most = hard if hard == resource.RLIM_INFINITY else max(hard, count)
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))


def source(number, each=100):
    """An address of loopback: `each` connections of one."""
    place = number // each
    return f"127.{1 + place // 62500}.{place // 250 % 250}.{place % 250 + 1}"


class Field:
    """The gateway under abuse, and for how long."""

    def __init__(self, gateway, loop, seconds=6.0):
        self.gateway, self.loop, self.seconds = gateway, loop, seconds
        self.api = witness.Api(gateway)
        status = self.api.json("GET", "/status")
        self.ports = {"devices": (gateway.host, gateway.port)}
        host, port = status["front_door"]["addresses"][0].rsplit(":", 1)
        self.ports["door"] = (host, int(port))
        addresses = status["http"]["addresses"]
        if addresses:
            host, port = addresses[0].split("//")[1].rsplit(":", 1)
            self.ports["http"] = (host, int(port))
        self.numbers = itertools.count()

    def run(self, scenario, timeout=120):
        return self.loop.run(scenario, timeout)

    async def ask(self, *words):
        """The API, without stopping the loop that the peers live on."""
        return await asyncio.get_running_loop().run_in_executor(None, lambda: witness.Api(self.gateway).json("GET", *words))

    def enrolled(self, prefix, count):
        """Devices that are enrolled: (name, secret)."""
        names = [f"{prefix}-{next(self.numbers)}" for _ in range(count)]
        api = witness.Api(self.gateway)
        try:
            return [(name, witness.enroll(self.gateway, api, name)) for name in names]
        finally:
            api.close()

    def device(self, name, secret, kind=pydevice.PyDevice, **more):
        return kind(self.loop, self.gateway.port, name, secret=secret, authorized=[self.gateway.public_key], **more)


async def dial(field, number, where="devices", each=100, buffer=None):
    """A bare connection from one of many addresses."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    sock.bind((source(number, each), 0))
    sock.setblocking(False)
    try:
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, field.ports[where]), 30)
    except BaseException:
        sock.close()
        raise
    return sock


async def send(sock, data):
    """Sends all; false if the gateway hung up."""
    try:
        await asyncio.get_running_loop().sock_sendall(sock, data)
        return True
    except OSError:
        return False


async def gone(sock):
    """Waits until the gateway hangs up; what it said goes nowhere."""
    loop = asyncio.get_running_loop()
    try:
        while await loop.sock_recv(sock, 65536):
            pass
    except OSError:
        pass


async def crowd(field, count, does, where="devices", each=100, width=200):
    """`does(sock, number)` for so many connections, all open at once; how many came to be, and what each answered."""
    width = asyncio.Semaphore(width)
    met = collections.Counter()

    async def one(number):
        async with width:
            try:
                sock = await dial(field, number, where, each)
            except (OSError, asyncio.TimeoutError):
                met["not connected"] += 1
                return
        try:
            met[await asyncio.wait_for(does(sock, number), field.seconds) or "done"] += 1
        except asyncio.TimeoutError:
            met["still open"] += 1
        finally:
            sock.close()

    await asyncio.gather(*(one(number) for number in range(count)))
    return dict(met)


# Connections that say nothing, too little, too much or the wrong thing.


async def silent(field, count=5000, each=100, where="devices"):
    async def says_nothing(sock, _):
        await gone(sock)
        return "hung up"

    return await crowd(field, count, says_nothing, where, each)


async def silent_from_one_address(field, count=5000):
    return await silent(field, count, each=count)


async def one_byte_a_second(field, count=300):
    line = b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: slow\r\n"

    async def trickles(sock, _):
        for at in itertools.count():
            if not await send(sock, line[at % len(line) :][:1]):
                return "hung up"
            await asyncio.sleep(1)

    return await crowd(field, count, trickles)


async def long_initiations(field, count=1000, size=9 * 1024):
    async def talks(sock, number):
        lines = b"MSG-ID: DEVICE-CONN-INFO\r\nMSG-VER: V1\r\nDEVICE-ID: long\r\nX-NOTE: "
        await send(sock, lines + b"n" * (size - len(lines)))
        await gone(sock)
        return "hung up"

    return await crowd(field, count, talks)


async def endless_line(field, where, beginning, size=100 << 20, count=4):
    """A line of 100 MB, as far as the gateway lets it go."""
    piece = b"a" * (1 << 20)
    sent = []

    async def talks(sock, _):
        at = 0
        try:
            if await send(sock, beginning):
                while at < size and await send(sock, piece):
                    at += len(piece)
        finally:
            sent.append(at)
        return "hung up" if at < size else "took it all"

    met = await crowd(field, count, talks, where)
    return {**met, "most MiB": max(sent) >> 20}


async def garbage(field, where="devices", count=1000):
    async def babbles(sock, number):
        await send(sock, os.urandom(1 + number % 4096))
        await gone(sock)
        return "hung up"

    return await crowd(field, count, babbles, where)


async def tls(field, where="devices", count=200):
    """TLS where SSH is spoken."""
    host, port = field.ports[where]

    async def one():
        try:
            await asyncio.wait_for(asyncio.open_connection(host, port, ssl=CLIENT_HELLO_ONLY, ssl_handshake_timeout=field.seconds), field.seconds + 5)
            return "TLS began"
        except (OSError, ssl.SSLError, asyncio.TimeoutError):
            return "no TLS"

    return dict(collections.Counter(await asyncio.gather(*(one() for _ in range(count)))))


# SSH peers that stop.


async def stops_after_the_banner(field, count=300):
    async def stops(sock, _):
        await send(sock, BANNER)
        await gone(sock)
        return "hung up"

    return await crowd(field, count, stops)


async def stops_in_the_middle_of_a_packet(field, count=300):
    async def stops(sock, _):
        await send(sock, BANNER + KEX_INIT_BEGUN)
        await gone(sock)
        return "hung up"

    return await crowd(field, count, stops)


async def never_reads(field, count=300):
    """Says its banner and sends packets without end, and reads nothing of the answers."""
    packet = bytes([0, 0, 0, 12, 10, MSG_IGNORE]) + bytes(10)

    async def talks(sock, _):
        await send(sock, BANNER)
        while await send(sock, packet * 64):
            await asyncio.sleep(0)
        return "hung up"

    return await crowd(field, count, talks)


async def stops_after_the_key_exchange(field, count=60):
    devices = [field.device(name, secret, stop_at="login") for name, secret in await in_thread(field.enrolled, "frozen", count)]
    return await stay(field, devices)


async def in_thread(function, *words):
    return await asyncio.get_running_loop().run_in_executor(None, function, *words)


async def stay(field, devices):
    """All devices serve until the time is over, or the gateway hung up."""
    tasks = [asyncio.ensure_future(device.serve()) for device in devices]
    _, still = await asyncio.wait(tasks, timeout=field.seconds)
    for task in still:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {"hung up": len(tasks) - len(still), "still open": len(still), "logins": sum(len(device.logins) for device in devices)}


# Devices that are in session.


class Settled:
    """Devices in session, for the time of a `with`."""

    def __init__(self, field, devices):
        self.field, self.devices = field, devices

    async def __aenter__(self):
        self.tasks = [asyncio.ensure_future(device.serve()) for device in self.devices]
        names = {device.device_id for device in self.devices}
        deadline = time.monotonic() + 60
        while True:
            found = await self.field.ask("/devices?limit=1000&state=up")
            up = {device["name"]: device for device in found if device["name"] in names}
            if len(up) == len(names):
                self.epochs = {name: device["session"]["epoch"] for name, device in up.items()}
                return self
            assert time.monotonic() < deadline, f"only {len(up)} of {len(names)} came in"
            await asyncio.sleep(0.1)

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def sessions(self):
        """How many are in the same session as at the begin."""
        found = await self.field.ask("/devices?limit=1000&state=up")
        epochs = {device["name"]: device["session"]["epoch"] for device in found}
        return sum(epochs.get(name) == epoch for name, epoch in self.epochs.items())


async def settle(field, prefix, count, **more):
    enrolled = await in_thread(field.enrolled, prefix, count)
    return Settled(field, [field.device(name, secret, **more) for name, secret in enrolled])


async def rpc(field, name, body="<get-config><source><running/></source></get-config>", timeout=40):
    """One RPC by an operator; the status of the answer and its length."""

    def ask():
        api = witness.Api(field.gateway)
        try:
            status, text = api.ask("POST", f"/devices/{name}/rpc?timeout={timeout}", body, "application/xml", timeout + 10)
            return status, len(text)
        except http.client.IncompleteRead:
            return "cut", 0
        finally:
            api.close()

    return await in_thread(ask)


async def rekeys_every_second(field, count=10):
    """New keys every second by the device's wish, under RPCs."""
    async with await settle(field, "rekey", count, ssh={"rekey_seconds": 1}) as settled:
        answers = collections.Counter()

        async def operate(device):
            end = time.monotonic() + field.seconds
            while time.monotonic() < end:
                status, _ = await rpc(field, device.device_id)
                answers[status] += 1
                await asyncio.sleep(0.1)

        await asyncio.gather(*(operate(device) for device in settled.devices))
        renewed = min(device.exchanges for device in settled.devices) - 1
        return {"same session": await settled.sessions(), "answers": dict(answers), "renewed": renewed}


class Taken(dict):
    """Answers to channels that asyncssh does not know of: those from 1000 on."""

    def __init__(self, known):
        super().__init__(known)
        self.met = collections.Counter()

    def __bool__(self):
        return True

    def __missing__(self, number):
        if number >= 1000:
            return self
        raise KeyError(number)

    def get(self, number, default=None):
        return self if number >= 1000 else super().get(number, default)

    def log_received_packet(self, *_):
        pass

    def process_packet(self, *_):
        return True

    def process_open_failure(self, *_):
        self.met["refused"] += 1

    def process_open_confirmation(self, *_):
        self.met["taken"] += 1



class Unasked(list):
    """Answers to global requests that asyncssh does not know of."""

    owed = 0

    def __bool__(self):
        return self.owed > 0

    def pop(self, *_):
        self.owed -= 1
        return self

    def cancelled(self):
        return True


async def open_channels(connection, count):
    """Opens channels without waiting for an answer; what came of them, once all are answered or nothing comes any more."""
    taken = connection._channels = Taken(connection._channels)
    for number in range(1000, 1000 + count):
        connection.send_packet(MSG_CHANNEL_OPEN, String(b"session"), UInt32(number), UInt32(1 << 21), UInt32(1 << 15))
        if number % 100 == 0:
            await asyncio.sleep(0)
    deadline = time.monotonic() + 60
    while taken.met.total() < count and time.monotonic() < deadline and not connection.is_closed():
        await asyncio.sleep(0.05)
    return dict(taken.met)


async def device_opens_channels(field, count=10_000):
    async with await settle(field, "opener", 1) as settled:
        met = await open_channels(settled.devices[0].connection, count)
        status, _ = await rpc(field, settled.devices[0].device_id)
        return {**met, "answer": status, "same session": await settled.sessions(), "device": settled.devices[0].device_id}


async def operator_opens_channels(field, count=10_000, user="ops", key=None, device="healthy"):
    host, port = field.ports["door"]
    async with asyncssh.connect(host, port, username=f"{user}:{device}", client_keys=[key], known_hosts=None, config=None) as connection:
        return await open_channels(connection, count)


async def says_what_nobody_asked(field, what):
    """A device in session that talks for ever: on its NETCONF channel or beside it."""
    async with await settle(field, "talker", 1) as settled:
        device = settled.devices[0]
        end = time.monotonic() + field.seconds
        sent = 0
        try:
            while time.monotonic() < end and not device.connection.is_closed():
                sent += await TALK[what](device)
        except (OSError, asyncssh.Error, BrokenPipeError):
            pass
        return {"MiB": sent >> 20, "same session": await settled.sessions(), "device": device.device_id}


NOTIFICATION = (
    b'<notification xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0"><eventTime>2026-11-23T09:00:00Z</eventTime>'
    + b"<e>what nobody asked for</e>" * 300
    + b"</notification>]]>]]>"
)


async def _messages(device):
    device.netconf_channel.stdout.write(NOTIFICATION)
    await device.netconf_channel.stdout.drain()
    return len(NOTIFICATION)


async def _one_message(device):
    piece = b"<e>and on</e>" * 2000
    if not getattr(device, "begun", False):
        device.begun = True
        piece = b'<rpc-reply message-id="never asked">' + piece
    device.netconf_channel.stdout.write(piece)
    await device.netconf_channel.stdout.drain()
    return len(piece)


async def _ignored(device):
    for _ in range(8):
        device.connection.send_packet(MSG_IGNORE, String(b"i" * 32000))
    await device.sent()
    return 8 * 32000


async def _questions(device):
    waiters = device.connection._global_request_waiters
    if not isinstance(waiters, Unasked):
        waiters = device.connection._global_request_waiters = Unasked()
    waiters.owed += 64
    for _ in range(64):
        device.connection.send_packet(MSG_GLOBAL_REQUEST, String(b"are-you-there@example.net"), Boolean(True), String(b"q" * 100))
    await device.sent()
    return 64 * 150


TALK = {"notifications": _messages, "a reply without end": _one_message, "ignore packets": _ignored, "global requests": _questions}


async def stops_reading_in_session(field):
    """A device in session that reads nothing more while an operator sends it much."""
    async with await settle(field, "deaf", 1) as settled:
        device = settled.devices[0]
        device.deaf = True
        body = "<edit-config><target><candidate/></target><config>" + "<a>b</a>" * 150_000 + "</config></edit-config>"
        answers = await asyncio.gather(*(rpc(field, device.device_id, body, timeout=30) for _ in range(8)))
        return {"answers": dict(collections.Counter(status for status, _ in answers)), "device": device.device_id}


async def stops_in_mid_packet_in_session(field):
    """A device in session that sends half of a packet of its reply, and then nothing for ever."""
    async with await settle(field, "torn", 1) as settled:
        device = settled.devices[0]
        device.mute_after = 700
        status, _ = await rpc(field, device.device_id, "<get-large><mib>1</mib></get-large>", timeout=30)
        return {"answer": status, "device": device.device_id}
