"""A device made with asyncssh: dials out, says the initiation sequence or nothing, then is an SSH server with NETCONF.

    device = PyDevice(port, device_id="edge-1", secret="…").start()

One thread and event loop serve all devices of a test. The bytes that a device sends first, up to the end of its SSH identification
line, can be cut into segments at will.
"""

import asyncio
import re
import socket
import struct
import threading

import asyncssh

import initiation

END = b"]]>]]>"
HELLO = (
    b'<!-- No zombies were killed during the creation of this user interface -->\n<!-- user homing, class j-super-user -->\n'
    b'<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>'
    b"<capability>urn:ietf:params:netconf:base:1.0</capability>"
    b"<capability>urn:ietf:params:xml:ns:netconf:capability:candidate:1.0</capability>"
    b"<capability>http://xml.juniper.net/netconf/junos/1.0</capability>"
    b"</capabilities><session-id>4711</session-id></hello>" + END
)
NOT_SUPPORTED = (
    "<rpc-error><error-type>protocol</error-type><error-tag>operation-not-supported</error-tag>"
    "<error-severity>error</error-severity><error-message>not here</error-message></rpc-error>"
)


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine, timeout=30):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def spawn(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def stop(self):
        async def cancel():
            tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


class Server(asyncssh.SSHServer):
    def __init__(self, device):
        self.device = device

    def connection_made(self, connection):
        self.device.connection = connection
        exchange = connection._send_kexinit

        def counted():
            self.device.exchanges += 1
            exchange()

        connection._send_kexinit = counted

    async def begin_auth(self, username):
        self.device.logins.append(username)
        if self.device.stop_at == "login":
            await asyncio.Event().wait()
        return True

    def public_key_auth_supported(self):
        return True

    def validate_public_key(self, username, key):
        self.device.offered.append(key.export_public_key().decode().split()[1])
        return any(line.split()[1] == self.device.offered[-1] for line in self.device.authorized)

    def password_auth_supported(self):
        return self.device.password is not None

    def validate_password(self, username, password):
        return password == self.device.password

    def session_requested(self):
        """Asked only where NETCONF is not served: a channel without the subsystem, or no channel."""
        return asyncssh.SSHServerSession() if self.device.netconf == "no subsystem" else False

    def connection_lost(self, error):
        self.device.lost.set()


class PyDevice:
    def __init__(
        self, loop, port, device_id=None, secret=None, key=None, authorized=(), password=None, opening=None, cuts=(),
        pause=0.0, host="127.0.0.1", config="<system><host-name>py</host-name></system>", netconf=True, say=None, ssh=None, stop_at=None,
    ):  # fmt: skip
        self.loop, self.host, self.port = loop, host, port
        self.device_id = device_id
        self.ssh = ssh or {}
        self.key = key or asyncssh.generate_private_key("ssh-ed25519")
        self.authorized, self.password = list(authorized), password
        self.cuts, self.pause = cuts, pause
        self.config, self.netconf = config, netconf
        if opening is None:
            opening = b"" if device_id is None else initiation.compose(device_id, self.key_text if secret else None, secret)
        self.opening = opening
        self.logins, self.offered, self.operations = [], [], []
        self.lost = threading.Event()
        self.busy = threading.Event()
        self.stop_at = stop_at
        self.connection = self.netconf_channel = None
        self.exchanges = 0
        # From here on it reads nothing; after so many bytes more it says nothing.
        self.deaf, self.mute_after = False, None
        self.socket = None
        self.task = None

    @property
    def key_text(self):
        return " ".join(self.key.export_public_key().decode().split()[:2])

    @property
    def fingerprint(self):
        return self.key.get_fingerprint()

    def start(self):
        self.task = self.loop.spawn(self.serve())
        return self

    async def keep_dialling(self, pause=0.2):
        """Dials again each time that it is turned away or cut off, until it is cancelled."""
        while True:
            await self.serve()
            await asyncio.sleep(pause)

    async def serve(self):
        reader, writer = await asyncio.open_connection(self.host, self.port)
        self.socket = writer.get_extra_info("socket")
        inner, outer = socket.socketpair()
        pumps = [
            asyncio.ensure_future(self._outward(outer, writer)),
            asyncio.ensure_future(self._inward(reader, outer)),
        ]
        try:
            connection = await asyncssh.connect_reverse(
                sock=inner, config=None, server_factory=lambda: Server(self), server_host_keys=[self.key],
                process_factory=self._process if self.netconf is True else None, encoding=None, login_timeout=40, agent_forwarding=False, **self.ssh,
            )  # fmt: skip
            await connection.wait_closed()
        except (OSError, asyncssh.Error) as error:
            self.error = error
        finally:
            self.lost.set()
            for pump in pumps:
                pump.cancel()
            # The loop must know of no socket that is closed: its number goes to the next one.
            await asyncio.gather(*pumps, return_exceptions=True)
            writer.transport.abort()
            outer.close()

    async def _outward(self, inner, writer):
        """What the SSH server says goes out; the first bytes in segments as asked for."""
        loop = asyncio.get_running_loop()
        inner.setblocking(False)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        first = self.opening
        while b"SSH-" not in first[len(self.opening) :] or not first.endswith(b"\n"):
            got = await loop.sock_recv(inner, 65536)
            if not got:
                writer.close()
                return
            first += got
        cuts = range(1, len(first)) if self.cuts == "every byte" else [c for c in self.cuts if 0 < c < len(first)]
        at = 0
        for cut in [*cuts, len(first)]:
            writer.write(first[at:cut])
            await writer.drain()
            await asyncio.sleep(self.pause)
            at = cut
        while data := await loop.sock_recv(inner, 65536):
            if self.mute_after is not None:
                data, self.mute_after = data[: self.mute_after], max(0, self.mute_after - len(data))
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _inward(self, reader, outer):
        loop = asyncio.get_running_loop()
        try:
            while data := await reader.read(65536):
                if self.deaf:
                    await asyncio.Event().wait()
                await loop.sock_sendall(outer, data)
        except OSError:
            pass  # a reset is an end, too
        outer.shutdown(socket.SHUT_RDWR)
        self.lost.set()

    async def _process(self, process):
        if process.subsystem != "netconf":
            process.exit(1)
            return
        self.netconf_channel = process
        process.stdout.write(HELLO)
        held = b""
        while data := await process.stdin.read(65536):
            held += data
            while END in held:
                message, held = held.split(END, 1)
                if b"<hello" not in message and not await self._answer(process, message.decode()):
                    process.exit(0)
                    return
        process.exit(0)  # a NETCONF server ends with its input

    async def _answer(self, process, message):
        identity = re.search(r'message-id="([^"]*)"', message).group(1)
        operation = re.search(r"<(?:\w+:)?rpc\b[^>]*>\s*<(?:\w+:)?([\w-]+)", message, re.S).group(1)
        self.operations.append(operation)

        def reply(body):
            text = f'<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="{identity}">{body}</rpc-reply>'
            process.stdout.write(text.encode() + END)

        if operation in ("get", "get-config"):
            reply(f'<data><configuration xmlns="http://xml.juniper.net/xnm/1.1/xnm">{self.config}</configuration></data>')
        elif operation == "get-half":
            process.stdout.write(f'<rpc-reply message-id="{identity}"><output>half of the reply'.encode())
            self.busy.set()
        elif operation == "get-large":
            mebibytes = int(re.search(r"<mib>(\d+)</mib>", message).group(1))
            process.stdout.write(f'<rpc-reply message-id="{identity}"><output>'.encode())
            for _ in range(mebibytes * 16):
                process.stdout.write(b"0123456789abcdef" * 4096)
                await process.stdout.drain()
            process.stdout.write(b"</output></rpc-reply>" + END)
        elif operation == "get-nothing":
            self.busy.set()
        elif operation == "close-session":
            reply("<ok/>")
            return False
        else:
            reply(NOT_SUPPORTED)
        return True

    async def sent(self):
        """Waits until the network took most of what the SSH server said."""
        while self.connection._transport and self.connection._transport.get_write_buffer_size() > 1 << 20:
            await asyncio.sleep(0.005)

    def kill(self):
        """Goes away as a device does that lost its power: a reset and not a word."""
        if self.socket is not None:
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
        if self.task is not None:
            self.task.cancel()


def up_device(gateway, dial, *words, name="edge-1"):
    """A device that is enrolled, with these words of `homing enroll`, and in session."""
    device = dial(device_id=name, secret=gateway.secret_of(gateway.enroll(name, *words)))
    gateway.wait_up(name)
    return device
