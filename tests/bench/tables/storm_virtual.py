"""A fleet that comes back all at once, in virtual time: each kind of storm, over all its seeds."""

from tables.markdown import markdown, number


def table(runs):
    for run in runs:
        for it in (run["most"], run["all"]):
            # JSON has no infinity: not all came in.
            it.update({name: float("inf") if value is None else value for name, value in it.items()})
    sizes = sorted({run["devices"] for run in runs}, reverse=True)
    full = [run for run in runs if run["devices"] == sizes[0]]
    parts = [summary([run for run in runs if run["devices"] == size]) for size in sizes]
    parts += [grid([run for run in full if is_clean(run)]), "With loss and half-open peers:"]
    return "\n\n".join(parts + [faults([run for run in runs if not is_clean(run)])])


def is_clean(run):
    return run["loss"] == 0 and run["half_open"] == 0


def summary(runs):
    clean, faulty = [run for run in runs if is_clean(run)], [run for run in runs if not is_clean(run)]
    parts = []
    for group, what in ((clean, "without faults"), (faulty, "with faults")):
        if group:
            worst = max(group, key=lambda run: run["all"]["worst"])
            parts.append(
                f"{number(sum(run['seeds'] for run in group))} {what}, {len(group)} kinds, the worst "
                f"{number(worst['all']['worst'], 2)} times the floor ({kind(worst)})"
            )
    left_out = max(run["left_out"] for run in runs)
    return f"Storms of {number(runs[0]['devices'])} devices: {'; '.join(parts)}. Devices left out: {left_out}."


def kind(run):
    parts = [f"{run['cores']} cores", f"{run['handshake_ms']:g} ms", f"gives up after {run['patience_s']} s"]
    if run["loss"]:
        parts.append(f"loss {run['loss']:.0%}")
    if run["half_open"]:
        parts.append(f"half-open {run['half_open']:.0%}")
    return ", ".join(parts)


def times(it):
    return f"{number(it['median_s'], 1)} s = {number(it['median'], 2)} ({number(it['worst'], 2)})"


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
        most = max(group, key=lambda run: run["most"]["worst"])
        worst = max(group, key=lambda run: run["all"]["worst"])
        rows.append([
            number(-devices), f"{loss:.0%}", f"{half_open:.0%}", sum(run["seeds"] for run in group),
            f"{number(most['most']['worst'], 2)} ({kind(most)})",
            f"{number(worst['all']['worst'], 2)} ({kind(worst)})",
            max(run["left_out"] for run in group),
        ])
    head = ["devices", "loss", "half-open", "storms", "99 % in, worst", "all in, worst", "left out"]
    return markdown(head, rows)


def key(run):
    return -run["devices"], run["loss"], run["half_open"]
