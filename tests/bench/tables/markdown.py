"""Tables in Markdown, and numbers as people read them."""

import statistics


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def number(value, digits=0):
    """12345.6 as 12,346; none as a dash."""
    return "–" if value is None else f"{value:,.{digits}f}"


def spread(values, digits=0):
    """The median, and the least and most beside it where there are several."""
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    median = number(statistics.median(values), digits)
    if len(values) == 1:
        return median
    return f"{median} ({number(min(values), digits)} to {number(max(values), digits)})"
