"""A real storm: the gateway killed and started, until all devices are back."""

from tables.markdown import markdown, number, spread


def table(runs):
    def of(*path, digits=2):
        return spread([value(run, path) for run in runs], digits)

    devices = number(runs[0]["devices"])
    rows = [
        ["processor time of a handshake at the gateway, all dialling at once, ms", of("cpu_ms", digits=3)],
        [f"the floor: {devices} of them on one core, s", of("floor_s")],
        ["from the first connection taken until all are back, s", of("storm", "from_first_answer_s")],
        ["= times the floor", of("times_floor")],
        ["of each device, median, s", of("storm", "since_first_answer_s", "p50")],
        ["of each device, 99th percentile, s", of("storm", "since_first_answer_s", "p99")],
        ["from the kill until all are back, s (Junos's pause of 15 s included)", of("storm", "all_in_s")],
        ["the gateway's start, from `exec` until it listens, s", of("start_s")],
        ["dials for each device; those that found no gateway not counted", dials(runs)],
        ["devices turned away: once, twice", turned_away(runs)],
        ["attempts that devices gave up", of("storm", "gave_up", digits=0)],
        ["the first time, all dialling at once: until all are in, s", of("first", "from_first_answer_s")],
        ["the gateway's memory for each idle session, KiB", spread([run["resident_kib"] / run["devices"] for run in runs], 1)],
        ["processor time of a handshake at the simulated device, ms", of("sim_cpu_ms", digits=3)],
    ]
    load = max(run["load"] for run in runs)
    return (
        f"{devices} devices, {len(runs)} rounds of {runs[-1]['at']}, load of the machine at most {number(load, 1)}: "
        f"median (least to most).\n\n" + markdown(["", ""], rows)
    )


def value(run, path):
    for name in path:
        run = run[name]
    return run


def dials(runs):
    return spread([(run["storm"]["dials"] - run["storm"]["refused"]) / run["devices"] for run in runs], 2)


def turned_away(runs):
    once = spread([run["storm"]["turned_away"] for run in runs])
    twice = spread([run["storm"]["turned_away_twice"] for run in runs])
    return f"{once}, {twice}"
