"""A fleet that comes back all at once, in virtual time: each kind of storm, over all its seeds."""

from tables.markdown import markdown, number


def table(runs):
    for run in runs:
        for it in (run["most"], run["all"]):
            for often in (it["of_floor"], it["of_least"]):
                # JSON has no infinity: not all came in.
                often.update({name: float("inf") if value is None else value for name, value in often.items()})
    harsh = [run for run in runs if run["half_open_later"]]
    home = [run for run in runs if run["calls_home"]]
    runs = [run for run in runs if not run["half_open_later"] and not run["calls_home"]]
    sizes = sorted({run["devices"] for run in runs}, reverse=True)
    full = [run for run in runs if run["devices"] == sizes[0]]
    parts = [summary([run for run in runs if run["devices"] == size]) for size in sizes]
    parts += [grid([run for run in full if is_clean(run)]), "With loss and half-open peers, the worst of all seeds and kinds:"]
    parts += [faults([run for run in runs if not is_clean(run)])]
    if home:
        parts += [f"Fleets that call home instead of saying who they are: {number(sum(run['seeds'] for run in home))} storms of "
                  f"{number(home[0]['devices'])} devices, with and without loss, the worst {worst(home, 'all', 'of_floor')} times the floor."]  # fmt: skip
    if harsh:
        parts += ["The same if any dial may leave half a connection, also those of devices that were turned away:", faults(harsh)]
    return "\n\n".join(parts)


def is_clean(run):
    return run["loss"] == 0 and run["half_open"] == 0


def summary(runs):
    clean, faulty = [run for run in runs if is_clean(run)], [run for run in runs if not is_clean(run)]
    parts = []
    for group, what in ((clean, "without faults"), (faulty, "with faults")):
        if group:
            parts.append(
                f"{number(sum(run['seeds'] for run in group))} {what}, {len(group)} kinds, the worst {worst(group, 'all', 'of_floor')} "
                f"times the floor of the cores and {worst(group, 'all', 'of_least')} times the least that any gateway would need"
            )
    left_out = max(run["left_out"] for run in runs)
    return f"Storms of {number(runs[0]['devices'])} devices: {'; '.join(parts)}. Devices left out: {left_out}."


def worst(runs, part, of):
    run = max(runs, key=lambda run: run[part][of]["worst"])
    return f"{number(run[part][of]['worst'], 2)} ({kind(run)})"


def kind(run):
    parts = [f"{run['cores']} cores", f"{run['handshake_ms']:g} ms", f"gives up after {run['patience_s']} s"]
    if run["loss"]:
        parts.append(f"loss {run['loss']:.0%}")
    if run["half_open"]:
        parts.append(f"half-open {run['half_open']:.0%}")
    return ", ".join(parts)


def times(it):
    return f"{number(it['median_s'], 1)} s = {number(it['of_floor']['median'], 2)} ({number(it['of_floor']['worst'], 2)})"


def grid(runs):
    cells = {(run["cores"], run["handshake_ms"], run["patience_s"]): run for run in runs}
    rows = []
    for cores, handshake in sorted({key[:2] for key in cells}):
        row = None
        for patience in sorted({key[2] for key in cells}):
            run = cells[cores, handshake, patience]
            row = row or [cores, f"{handshake:g} ms", f"{number(run['floor_s'], 1)} s", run["seeds"]]
            row += [times(run["all"]), number(run["dials_per_device"], 2)]
        rows.append(row)
    head = ["cores", "a handshake", "floor", "seeds"]
    for patience in sorted({key[2] for key in cells}):
        head += [f"gives up after {patience} s", "dials for each device"]
    return markdown(head, rows)


def faults(runs):
    rows = []
    for devices, loss, half_open in sorted({key(run) for run in runs}):
        group = [run for run in runs if key(run) == (devices, loss, half_open)]
        rows.append([
            number(-devices), f"{loss:.0%}", f"{half_open:.0%}", number(sum(run["seeds"] for run in group)),
            worst(group, "most", "of_least"), worst(group, "all", "of_least"), worst(group, "all", "of_floor"), max(run["left_out"] for run in group),
        ])  # fmt: skip
    head = ["devices", "loss", "half-open", "storms", "99 % in, times the least", "all in, times the least", "all in, times the floor", "left out"]
    return markdown(head, rows)


def key(run):
    return -run["devices"], run["loss"], run["half_open"]
