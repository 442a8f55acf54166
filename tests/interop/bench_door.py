"""What the front door costs: `target/interop/venv/bin/python tests/interop/bench_door.py [bulk|rtt|calls|stall|all]`, with release programs.

Everything is measured in turn in one run, on loopback, with the same `ssh` and the same device's `sshd`:

    bulk    1 GiB from and to the device: by the door, and by `ssh -J` through a plain sshd
    rtt     one small RPC on an open NETCONF session: by the door, and straight to the device's sshd
    calls   what one small RPC makes the gateway ask of the system (with strace): other work on the machine changes nothing of it
    stall   50 operators ask for 1 GiB each and read nothing: the gateway's memory and disk, whether the devices stay, and
            what the operators are told when they look again
"""

import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("HOMING_BIN", str(Path(__file__).resolve().parents[2] / "target" / "release"))
sys.path.insert(0, str(Path(__file__).parent))

import doorway  # noqa: E402
import programs  # noqa: E402

DEVICE = doorway.OPENSSH
LOOSE = "-F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR -o BatchMode=yes -o IdentitiesOnly=yes".split()
FAST = ["-o", "Ciphers=aes256-gcm@openssh.com", "-o", "Compression=no"]


class Bench:
    def __init__(self, folder, config=None):
        self.house = doorway.Doorway(folder, config=config)
        self.house.add(DEVICE, "openssh")
        self.device, self.hop = self._sshd("device"), self._sshd("hop")

    def _sshd(self, name):
        """A plain sshd with the operator's key: what stands at both ends of `ssh -J`."""
        folder = self.house.folder / f"sshd-{name}"
        folder.mkdir()
        wrapper = doorway.sshd_wrapper(folder, [Path(f"{self.house.key}.pub").read_text().strip()])
        port = programs.free_port()
        config = folder / "config"
        config.write_text(f"Subsystem netconf {programs.BINARIES}/homing-agent netconf --state-dir {self.state}\n")
        line = [wrapper, "-D", "-e", "-f", config, "-p", port, "-o", f"PidFile={folder}/pid"]
        program = programs.Program(f"sshd-{name}", line, folder).start()
        self.house.started.append(program)
        programs.until("sshd listens", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        return port

    @property
    def state(self):
        return self.house.folder / DEVICE / f"{DEVICE}-state"

    def by_door(self, *command, flags=()):
        house = self.house
        return ["ssh", "-F", "none", *FAST, *flags, *house.options(DEVICE), house.host, *command]

    def by_jump(self, *command, flags=()):
        """Two hops, as by the door: the jump host sees only the encrypted second hop, the door decrypts and encrypts anew."""
        hop = " ".join(["ssh", *LOOSE, *FAST, "-i", str(self.house.key), "-p", str(self.hop), "-W", "%h:%p", "root@127.0.0.1"])
        line = ["ssh", *LOOSE, *FAST, "-i", self.house.key, "-o", f"ProxyCommand={hop}", "-p", self.device]
        return [*line, *flags, "root@127.0.0.1", *command]

    def straight(self, *command, flags=()):
        return ["ssh", *LOOSE, *FAST, *flags, "-i", self.house.key, "-p", self.device, "root@127.0.0.1", *command]


def words(line):
    return [str(word) for word in line]


def spread(values, form="{:.0f}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))} to {form.format(max(values))})"


def bulk(bench, size, rounds):
    """MB/s of `head -c SIZE /dev/zero`, and of the same into `cat > /dev/null`."""
    figures = {}
    ways = {"door": bench.by_door, "ssh -J": bench.by_jump}
    for _ in range(rounds):
        for direction in ("from the device", "to the device"):
            for name, way in ways.items():
                down = direction == "from the device"
                command = f"head -c {size} /dev/zero" if down else "cat > /dev/null"
                shell = f"exec {{}} > /dev/null" if down else f"head -c {size} /dev/zero | {{}}"
                quoted = " ".join(f"'{word}'" for word in words(way(command)))
                begin = time.monotonic()
                subprocess.run(["sh", "-c", shell.format(quoted)], check=True, stdin=subprocess.DEVNULL)
                took = time.monotonic() - begin
                figures.setdefault((direction, name), []).append(size / took / 1e6)
    print(f"\n| bulk, {size >> 20} MiB, aes256-gcm, {rounds} rounds in turn | door, MB/s | `ssh -J`, MB/s | ratio of the medians |\n|---|---|---|---|")
    for direction in ("from the device", "to the device"):
        door, jump = figures[direction, "door"], figures[direction, "ssh -J"]
        ratio = statistics.median(door) / statistics.median(jump)
        print(f"| {direction} | {spread(door)} | {spread(jump)} | {ratio:.2f} |")


class Netconf:
    """A NETCONF session by a program of ssh, one small RPC at a time."""

    END = b"]]>]]>"

    def __init__(self, line):
        self.process = subprocess.Popen(words(line), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.waiting = b""
        self.read()
        base = "urn:ietf:params:xml:ns:netconf:base:1.0"
        self.rpc = f'<rpc xmlns="{base}" message-id="1"><get-system-information/></rpc>'.encode() + self.END
        hello = f'<hello xmlns="{base}"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>'
        self.process.stdin.write(hello.encode() + self.END)

    def read(self):
        while self.END not in self.waiting:
            more = os.read(self.process.stdout.fileno(), 65536)
            assert more, "the session ended"
            self.waiting += more
        message, self.waiting = self.waiting.split(self.END, 1)
        return message

    def ask(self):
        begin = time.perf_counter()
        self.process.stdin.write(self.rpc)
        reply = self.read()
        took = time.perf_counter() - begin
        assert b"system-information" in reply, reply
        return took * 1e6

    def close(self):
        self.process.kill()
        self.process.wait(5)


def rtt(bench, rounds):
    netconf = {"flags": ["-s"]}
    ways = {
        "door": Netconf(bench.by_door("netconf", **netconf)),
        "ssh -J": Netconf(bench.by_jump("netconf", **netconf)),
        "straight": Netconf(bench.straight("netconf", **netconf)),
    }
    figures = {name: [] for name in ways}
    for number in range(rounds + 50):
        for name, way in ways.items():
            took = way.ask()
            if number >= 50:
                figures[name].append(took)
    [way.close() for way in ways.values()]
    print(f"\n| one RPC (`get-system-information`), {rounds} of each in turn | median, µs | 90th percentile, µs | added at the median, µs |\n|---|---|---|---|")
    least = statistics.median(figures["straight"])
    for name, values in figures.items():
        median = statistics.median(values)
        print(f"| {name} | {median:.0f} | {statistics.quantiles(values, n=10)[8]:.0f} | {median - least:.0f} |")


def switches(pid):
    """How often the threads of a process have waited."""
    texts = [(task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE)[1]) for text in texts)


def calls(bench, rpcs):
    door, pid = Netconf(bench.by_door("netconf", flags=["-s"])), bench.house.gateway.pid
    [door.ask() for _ in range(50)]
    before = switches(pid)
    [door.ask() for _ in range(rpcs)]
    waits = (switches(pid) - before) / rpcs
    table = bench.house.folder / "calls"
    strace = subprocess.Popen(["strace", "-f", "-c", "-p", str(pid), "-o", table], stderr=subprocess.DEVNULL)
    time.sleep(1)
    [door.ask() for _ in range(rpcs)]
    strace.send_signal(signal.SIGINT)
    strace.wait(20)
    door.close()
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+\d*\s+(\w+)$", table.read_text(), re.MULTILINE)
    counted = {name: int(count) / rpcs for count, name in rows}
    print(f"\n| the gateway's calls for one RPC, mean of {rpcs} | |\n|---|---|")
    for name, count in sorted(counted.items(), key=lambda item: -item[1]):
        if name != "total" and count >= 0.05:
            print(f"| `{name}` | {count:.2f} |")
    print(f"| all | {counted['total']:.1f} |\n| its threads wait (without strace) | {waits:.2f} |")


def trail(house, action, operator):
    """Entries of the audit trail by operators whose name begins so."""
    return [entry for entry in house.gateway.audit("--action", action) if entry["operator"].startswith(operator) and entry["operator"] != "ops"]


def stall(bench, operators, size, seconds):
    house, pid = bench.house, bench.house.gateway.pid
    devices = [DEVICE]
    # A device takes ten channels at once, and the gateway has one of them. Only one can have the system's host keys.
    for number in range(1, -(-operators // 8)):
        name = f"em-{number}"
        house.add(name, "embedded")
        devices.append(name)
    for number in range(operators):
        house.add_user(f"op{number}", "configurator")
    before = programs.memory(pid)[0] / 2**20
    since = {device: house.gateway.device(device)["session"]["since"] for device in devices}
    stalled, said = [], [open(house.folder / f"said-{number}", "w+b") for number in range(operators)]
    for number in range(operators):
        device = devices[number % len(devices)]
        line = ["ssh", "-F", "none", *house.options(device, user=f"op{number}"), house.host, f"head -c {size} /dev/zero"]
        line[line.index(f"IdentityFile={house.key}")] = f"IdentityFile={house.key_of(f'op{number}')}"
        stalled.append(subprocess.Popen(words(line), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said[number]))
    most_memory = most_disk = 0
    slowest, asked, end = 0, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        house.gateway.run("rpc", devices[asked % len(devices)], "get-system-information")
        slowest = max(slowest, time.monotonic() - begin)
        asked += 1
        most_memory, disk = max(most_memory, programs.memory(pid)[0] / 2**20), programs.spooled(pid) / 2**20
        most_disk = max(most_disk, disk)
        if disk == 0 and most_disk > 0:
            break
        time.sleep(0.5)
    cut, closed = (len(trail(house, action, "op")) for action in ("channel-cut", "channel-closed"))
    events = sum(event["code"] == "channel-cut" for device in devices for event in house.gateway.log_of(device))
    [process.communicate(timeout=seconds) for process in stalled]
    told = 0
    for process, file in zip(stalled, said):
        file.seek(0)
        told += process.returncode == 255 and b": channel closed: " in file.read()
    now = {device: (house.gateway.device(device)["session"] or {}).get("since") for device in devices}
    stayed = sum(now[device] == when for device, when in since.items())
    for device in devices:
        if now[device] != since[device]:
            print(f"{device} left: {house.gateway.run('device', 'log', device).stdout}")
    print(f"\n| {operators} operators stall {size >> 20} MiB each, on {len(devices)} devices | |\n|---|---|")
    print(f"| gateway's resident memory before, most | {before:.0f}, {most_memory:.0f} MiB |")
    print(f"| bytes that wait on disk, most, at the end | {most_disk:.0f}, {disk:.0f} MiB |")
    print(f"| channels cut: by the audit trail, the timelines, what operators read with exit status 255 | {cut}, {events}, {told} |")
    print(f"| channels ended by the audit trail before anybody read again | {closed} |")
    print(f"| devices in the same session as before | {stayed} of {len(devices)} |")
    print(f"| RPCs beside it, slowest (with the start of `homing`) | {asked}, {slowest * 1000:.0f} ms |")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", nargs="?", default="all", choices=["bulk", "rtt", "calls", "stall", "all"])
    arguments.add_argument("--mib", type=int, default=1024)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--rpcs", type=int, default=1000)
    arguments.add_argument("--operators", type=int, default=50)
    arguments.add_argument("--seconds", type=int, default=300)
    arguments.add_argument("--total-spool", help="front_door.total_spool of the gateway; else its default")
    arguments.add_argument("--folder", help="where the programs keep their files, and TMPDIR of the gateway")
    told = arguments.parse_args()
    folder = tempfile.mkdtemp(prefix="bench-door-", dir=told.folder)
    os.environ["TMPDIR"] = folder
    # No debug lines: they are not what is measured.
    os.environ["RUST_LOG"] = "warn"
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    bench = None
    try:
        bench = Bench(folder, config=f'[front_door]\ntotal_spool = "{told.total_spool}"\n' if told.total_spool else None)
        if told.what in ("bulk", "all"):
            bulk(bench, told.mib << 20, told.rounds)
        if told.what in ("rtt", "all"):
            rtt(bench, told.rpcs)
        if told.what in ("calls", "all"):
            calls(bench, told.rpcs)
        if told.what in ("stall", "all"):
            stall(bench, told.operators, told.mib << 20, told.seconds)
    finally:
        if bench:
            bench.house.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
