"""Keys that wait for a decision: of strangers, and of a device whose key changed."""

import shutil

import pytest
from playwright.sync_api import expect


@pytest.fixture
def house(new_house):
    return new_house()


def test_a_stranger_is_accepted(house, logged_in, accessible):
    page = logged_in(house, "/pending")
    expect(page.get_by_text("Nothing waits for a decision")).to_be_visible()
    house.agent("stranger-1")
    row = page.locator("tr[data-row]", has_text="stranger-1")
    expect(row).to_contain_text("SHA256:")
    expect(row).to_contain_text("nobody enrolled it")
    accessible(page)
    page.get_by_label("Choose stranger-1").check()
    expect(page.locator("#choose-count")).to_have_text("1 chosen")
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("1 key accepted")).to_be_visible()
    page.goto("/devices/stranger-1")
    expect(page.locator(".attempt").first).to_be_visible()


def test_several_are_rejected_at_once(house, logged_in):
    for number in range(3):
        house.agent(f"stranger-{number}")
    page = logged_in(house, "/pending")
    expect(page.locator("tr[data-row]")).to_have_count(3)
    page.get_by_label("Choose all").check()
    expect(page.locator("#choose-count")).to_have_text("3 chosen")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("3 keys rejected")).to_be_visible()
    assert len(house.audit("key-rejected")) == 3


def test_a_stranger_is_blocked_listed_and_unblocked(house, logged_in, accessible):
    secret = house.enroll("edge-1")
    house.agent("stranger-1")
    house.agent("stranger-2")
    page = logged_in(house, "/pending")
    expect(page.locator("#pending tr[data-row]")).to_have_count(2)
    page.get_by_label("Choose stranger-1").check()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Block", exact=True).click()
    expect(page.get_by_text("1 key rejected and blocked")).to_be_visible()
    # What waits from there waits no longer, and is refused from now on, before any key exchange.
    expect(page.locator("#pending tr[data-row]")).to_have_count(0)
    expect(page.locator("#blocks li")).to_have_count(2)
    expect(page.locator("#blocks")).to_contain_text("127.0.0.1")
    expect(page.locator("#blocks")).to_contain_text("said it was stranger-1")
    accessible(page)
    house.agent("stranger-3")
    refused = house.gateway.wait_event("source-blocked", where=lambda event: event["device_id"] == "stranger-3")
    assert "only enrolled devices" in refused["message"]
    assert "homing device unblock 127.0.0.1" in refused["advice"]
    house.agent("edge-1", secret)
    house.gateway.wait_up("edge-1")
    page.goto("/pending")
    expect(page.locator("#pending")).to_contain_text("Nothing waits")

    page.get_by_role("button", name="Unblock 127.0.0.1").click()
    expect(page.get_by_text("127.0.0.1 unblocked")).to_be_visible()
    row = page.locator("#pending tr[data-row]", has_text="stranger-3")
    expect(row).to_be_visible()
    assert [entry["result"] for entry in house.audit("address-blocked,address-unblocked")] == ["ok", "ok"]


def test_a_changed_key_is_shown_beside_the_old_one(house, logged_in, accessible):
    agent = house.agent("edge-1")
    house.gateway.wait_code("edge-1", "unknown-device")
    house.gateway.run("device", "accept", "edge-1", "--user", "root")
    house.gateway.wait_up("edge-1")
    old = house.gateway.device("edge-1")["session"]["fingerprint"]
    agent.stop()
    shutil.rmtree(agent.folder / "edge-1-state")
    page = logged_in(house, "/devices/edge-1")
    agent.start()
    expect(page.get_by_text("The host key changed")).to_be_visible()
    expect(page.locator(".key-card", has_text="In force").locator(".fingerprint")).to_have_text(old)
    new = page.locator(".key-card.presented .fingerprint").inner_text()
    assert new.startswith("SHA256:") and new != old
    accessible(page)
    page.get_by_role("button", name="Accept, in place of the old key").click()
    expect(page.locator("#waiting")).to_be_empty()
    house.gateway.wait_up("edge-1")
    expect(page.locator("#keys")).to_contain_text("replaced")
