"""Users, keys, grants and tokens in the console; secrets shown once; who guesses must wait."""

import re
import subprocess

import pytest
from playwright.sync_api import expect


@pytest.fixture
def house(new_house):
    return new_house()


def test_users_keys_grants_and_a_token_of_somebody_else(house, logged_in, visit, accessible):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "jane@laptop", "-f", house.folder / "jane"], check=True)
    page = logged_in(house, "/access")
    page.on("dialog", lambda dialog: dialog.accept())
    users = page.get_by_role("region", name="Users")
    added = users.locator("form", has=page.get_by_role("button", name="Add", exact=True))
    added.get_by_label("Name").fill("jane")
    added.get_by_label("Role").select_option("viewer")
    added.get_by_label("Public key").fill((house.folder / "jane.pub").read_text())
    added.get_by_role("button", name="Add", exact=True).click()
    jane = page.locator("#user-jane")
    expect(jane).to_contain_text("jane@laptop")
    jane.get_by_text("Grant a role or add a key").click()
    jane.get_by_label("Role").select_option("operator")
    jane.get_by_label("on", exact=True).fill("site=fra")
    jane.get_by_role("button", name="Grant", exact=True).click()
    expect(jane).to_contain_text("site=fra")

    tokens = page.get_by_role("region", name="Tokens")
    tokens.get_by_label("Name").fill("ci")
    tokens.get_by_label("Whose").select_option("jane")
    tokens.get_by_label("At most").select_option("viewer")
    tokens.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("shown this once")).to_be_visible()
    token = page.locator("pre.secret").inner_text()
    accessible(page)
    page.goto("/access")
    assert token not in page.content()
    expect(page.get_by_role("row", name=re.compile("ci"))).to_contain_text("jane")

    other = visit(house.url)
    other.goto("/login")
    other.get_by_text("With a token").click()
    other.get_by_label("Token").fill(token)
    other.get_by_role("button", name="Log in with the token").click()
    expect(other.locator(".who")).to_contain_text("jane")
    page.get_by_role("button", name=re.compile("Revoke token")).click()
    expect(page.get_by_text("None. Programs log in")).to_be_visible()
    other.goto("/devices")
    other.wait_for_url("**/login**")
    for action in ("user-added", "user-key-added", "role-granted", "token-created", "token-revoked"):
        assert house.audit(action), action


GUESS = """async (count) => {
    const body = new URLSearchParams({user: 'otto', password: '0000-0000-0000-0000'});
    const guess = async () => {
        const answer = await fetch('/login', {method: 'POST', body});
        return [answer.status, (await answer.text()).match(/role="alert">([^<]*)/)?.[1]];
    };
    return await Promise.all(Array.from({length: count}, guess));
}"""


def test_who_guesses_passwords_must_wait(house, visit):
    password = house.add_user("otto", "viewer")
    page = visit(house.url)
    page.goto("/login")
    # All at once, so that a slow machine doesn't sit the waits out.
    told = [one for _ in range(3) for one in page.evaluate(GUESS, 12)]
    assert {status for status, _ in told} == {401, 429}, told
    assert all("too many failed logins" in said for status, said in told if status == 429), told
    # After five wrong ones the right one is void.
    page.get_by_label("User").fill("otto")
    page.get_by_label("One-time password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("do not fit|too many failed logins"))
    assert house.audit("login-refused")
