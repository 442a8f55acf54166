"""Decodes `$9$` strings, written from the published description alone."""

FAMILIES = ["QzF3n6/9CAtpu0O", "B1IREhcSyrleKvMW8LXx", "7N-dVbwsY2g4oaJZGUDj", "iHkq.mPf5T"]
ALPHABET = "".join(FAMILIES)
EXTRA = {c: 3 - index for index, family in enumerate(FAMILIES) for c in family}
WEIGHTS = [[1, 4, 32], [1, 16, 32], [1, 8, 32], [1, 64], [1, 32], [1, 4, 16, 128], [1, 32, 64]]


def decode(text):
    """The plain secret of `$9$…`; any other text is a plain secret already."""
    if not text.startswith("$9$"):
        return text
    previous, body = text[3], text[4 + EXTRA[text[3]] :]
    plain, at = bytearray(), 0
    while at < len(body):
        value = 0
        for weight in WEIGHTS[len(plain) % 7]:
            gap = (ALPHABET.index(body[at]) - ALPHABET.index(previous)) % 65 - 1
            value += gap * weight
            previous = body[at]
            at += 1
        plain.append(value % 256)
    return plain.decode()
