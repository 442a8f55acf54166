"""The gateway and its peers on the same work."""

import statistics

from tables.markdown import markdown, number, spread

OURS, NEAREST = "homing", "russh"


def table(runs):
    good = [run for run in runs if not run.get("fail")]
    peers = sorted({run["peer"] for run in good}, key=lambda peer: (peer != OURS, peer != NEAREST, peer))
    rows = [row for row in (figures(good, peers, *figure) for figure in ROWS) if row]
    busiest = max(run.get("foreign_cores", 0) for run in good)
    dates = " and ".join(sorted({run["at"] for run in good}))
    head = ["", "Homing", *(f"bare {peer}" if peer == NEAREST else peer for peer in peers[1:]), "Homing to bare russh"]
    return (
        f"{dates}; each side on a core of its own, runs in turn; other work took at most {number(busiest, 2)} of the two cores meanwhile: "
        f"median (least to most).\n\n" + markdown(head, rows)
    )


def figures(runs, peers, title, scenario, count, digits, value):
    of = {peer: [] for peer in peers}
    for run in runs:
        if (run["scenario"], run["n"]) == (scenario, count):
            found = value(run)
            of[run["peer"]] += found if isinstance(found, list) else [found]
    if not of.get(OURS):
        return None
    ratio = None
    if of.get(NEAREST) and statistics.median(of[NEAREST]):
        ratio = statistics.median(of[OURS]) / statistics.median(of[NEAREST])
    return [title, *(spread(of[peer], digits) for peer in peers), number(ratio, 2)]


def per_session(run):
    return (run["mem1"]["rss"] - run["mem0"]["rss"]) / run["n"]


def growth(run):
    return (run["hwm_kb"] - run["mem0"]["rss"]) / 1024


ROWS = [
    ("200 devices at once, connects/s", "storm", 200, 0, lambda run: run["storm"]["rate"]),
    ("1,000 devices at once, connects/s", "storm", 1000, 0, lambda run: run["storm"]["rate"]),
    ("of these, the manager's processor time for each, ms", "storm", 1000, 2, lambda run: run["est"]["cpu_s"] / run["n"] * 1e3),
    ("small RPCs/s, one session", "rpc1", 1, 0, lambda run: run["rpc"]["rate"]),
    ("small RPCs/s, 100 sessions", "rpc100", 100, 0, lambda run: run["rpc"]["rate"]),
    ("of these, the manager's processor time for each, µs", "rpc100", 100, 1, lambda run: run["rpc"]["cpu_s"] / run["rpc"]["count"] * 1e6),
    ("one reply of 50 MB, MB/s", "big", 1, 0, lambda run: [one["MBps"] for one in run["big"]]),
    ("of these, the manager's processor time for each 50 MB, s", "big", 1, 2, lambda run: [one["cpu_s"] for one in run["big"]]),
    ("memory beyond its start, most, MiB", "big", 1, 1, growth),
    ("memory for each idle session, 200 devices, KiB", "mem", 200, 1, per_session),
    ("memory for each idle session, 1,000 devices, KiB", "mem", 1000, 1, per_session),
    ("memory for each idle session, 10,000 devices, KiB", "mem", 10000, 1, per_session),
    ("processor time at rest, 10,000 devices, % of a core", "mem", 10000, 2, lambda run: run["idle_cpu_pct"]),
]
"""Title, scenario, devices, digits, what of a run."""
