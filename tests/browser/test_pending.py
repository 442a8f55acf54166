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
