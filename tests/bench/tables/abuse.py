"""What a healthy device's RPCs cost beside each abuse, and in quiet."""

from tables.markdown import markdown, number


def table(runs):
    if not runs:
        return "Not measured on a quiet machine yet."
    head = ["abuse", "p50 quiet, abused, ms", "p99 quiet, abused, ms", "p99 ratio", "memory grew by, MiB", "RPCs that failed"]
    rows = []
    for run in sorted(runs, key=lambda run: -run["p99_ratio"]):
        p50, p99 = (", ".join(number(run[key][at] / 1000, 2) for key in ("quiet_us", "abused_us")) for at in (0, 1))
        lost = "" if run["same_session"] else ", and its session"
        rows.append([run["scenario"], p50, p99, run["p99_ratio"], run["memory_growth_mib"], f"{run['failed']} of {number(run['rpcs'][1])}{lost}"])
    builds = ", ".join(sorted({run["build"] for run in runs}))
    return f"{markdown(head, rows)}\n\n{runs[-1]['at']} UTC, {builds} build, load of the machine at most {max(run['load'] for run in runs)}."
