"""What a machine must have for so many devices, from the real storm."""

import statistics

from tables.markdown import markdown, number

FIGURES = "storm"

FLEETS = [1_000, 10_000, 50_000, 100_000]
CORES = [1, 2, 4, 8]
# Of the kernel, for each connection: not seen in the memory of the process.
SOCKET_KIB = 6
# Descriptors beside the devices' connections: store, log, operators, connections that wait.
BESIDE = 1_024


def table(runs):
    memory = statistics.median(run["resident_kib"] / run["devices"] for run in runs)
    handshake = statistics.median(run["cpu_ms"] * max(1, run["times_floor"]) for run in runs)
    rows = [
        [number(fleet), number(fleet * memory / 2**20, 1), number(fleet * SOCKET_KIB / 2**20, 1)]
        + [seconds(fleet * handshake / 1e3 / cores) for cores in CORES]
        + [number(fleet + BESIDE)]
        for fleet in FLEETS
    ]
    head = ["devices", "the gateway's memory, GiB", "the kernel's for their connections, GiB"]
    head += [f"all back with {cores} core{'s' if cores > 1 else ''}" for cores in CORES] + ["`LimitNOFILE`, at least"]
    return (
        f"{number(2**20 / memory)} devices in session for each GiB, {number(1e3 / handshake)} for each second and core in a storm.\n\n"
        + markdown(head, rows)
    )


def seconds(value):
    return f"{number(value, 1 if value < 10 else 0)} s"
