"""A new secret for a device in service, with a real agent: the old one counts until the new one was seen, and no longer."""


from programs import configuration, login, stanza, until

NAME = "edge-1"


def config(gateway, secret):
    return configuration(stanza(gateway.port, device_id=NAME, secret=secret), login=login("root", gateway.public_key))


def rotated(gateway, *words):
    return gateway.secret_of(gateway.enroll(NAME, "--rotate-secret", *words, user="root"))


def epoch(gateway):
    device = gateway.device(NAME)
    return device["session"]["epoch"] if device and device["session"] else 0


def dialled_anew(gateway, before):
    return until("it is in with a newer session", lambda: epoch(gateway) > before and epoch(gateway))


def put(agent, gateway, secret):
    """What an operator pastes and commits."""
    agent.config.write_text(config(gateway, secret))
    agent.run("reload")


def test_an_old_secret_counts_until_the_new_one_was_seen(gateway, start_agent):
    old = gateway.secret_of(gateway.enroll(NAME, user="root"))
    agent = start_agent(config(gateway, old), "--ssh-server", "embedded")
    gateway.wait_up(NAME)
    first = epoch(gateway)

    new = rotated(gateway)
    assert new != old
    # It goes on with the old one, also after it dials anew: the timeline says what is to be done.
    gateway.run("device", "disconnect", NAME)
    second = dialled_anew(gateway, first)
    gateway.wait_code(NAME, "hmac-old-secret")
    assert gateway.device(NAME)["old_secret_until"]

    put(agent, gateway, new)
    gateway.run("device", "disconnect", NAME, check=None)
    dialled_anew(gateway, second)
    gateway.wait_code(NAME, "old-secret-ended")
    assert gateway.device(NAME).get("old_secret_until") is None
    assert [entry["operator"] for entry in gateway.audit("--action", "old-secret-ended")] == ["gateway"]

    # From here on the old one is a wrong one.
    put(agent, gateway, old)
    gateway.run("device", "disconnect", NAME, check=None)
    gateway.wait_code(NAME, "wrong-hmac")
    put(agent, gateway, new)
    gateway.wait_up(NAME)


def test_an_old_secret_that_leaked_counts_no_more_at_once(gateway, start_agent):
    old = gateway.secret_of(gateway.enroll(NAME, user="root"))
    agent = start_agent(config(gateway, old), "--ssh-server", "embedded")
    gateway.wait_up(NAME)
    new = rotated(gateway, "--at-once")
    gateway.run("device", "disconnect", NAME, check=None)
    gateway.wait_code(NAME, "wrong-hmac")
    put(agent, gateway, new)
    gateway.wait_up(NAME)
