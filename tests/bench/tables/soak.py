"""How a gateway fared for as long as it took."""

from tables.markdown import markdown, number


def table(runs):
    if not runs:
        return "Not measured yet."
    head = [
        "minutes", "build", "memory of its own at the begin, after a third, at the end, MiB", "slope of the last two thirds, KiB a minute",
        "renewals of keys, steady devices, their sessions", "sessions of the harmed devices", "of all, ended without an event",
    ]  # fmt: skip
    rows = [
        [
            number(run["minutes"]), run["build"], ", ".join(number(kib / 1024, 1) for kib in run["memory_kib"]), run["kib_a_minute"],
            ", ".join(map(number, [run["renewals_of_steady"], *run["sessions_of_steady"]])), number(run["sessions_of_harmed"]), len(run["ended_without_a_word"]),
        ]
        for run in runs
    ]  # fmt: skip
    return markdown(head, rows)
