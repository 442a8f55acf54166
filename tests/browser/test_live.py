"""Pages that tell the truth without being loaded anew: a device that calls in, one that is refused, a gateway that dies."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def house(new_house):
    return new_house()


def test_a_device_that_calls_in_appears_by_itself(house, logged_in):
    secret = house.enroll("edge-1")
    overview = logged_in(house)
    device = logged_in(house, "/devices/edge-1")
    expect(device.locator("#device-head .state")).to_contain_text("new")
    expect(overview.locator(".counter.up b")).to_have_text("0")
    device.evaluate("window.untouched = true")
    house.agent("edge-1", secret)
    expect(device.locator("#device-head .state")).to_contain_text("up")
    expect(device.locator(".attempt.ok .steps .done")).to_have_count(6)
    expect(overview.locator(".counter.up b")).to_have_text("1")
    assert device.evaluate("window.untouched"), "the page was loaded anew"


def test_a_wrong_secret_says_where_it_stopped_and_what_to_type(house, logged_in):
    house.enroll("edge-1")
    page = logged_in(house, "/devices/edge-1")
    house.agent("edge-1", secret="not-the-one")
    failed = page.locator(".attempt.failed").first
    expect(failed.locator(".attempt-line")).to_contain_text("wrong-hmac")
    expect(failed).to_contain_text("is not the one that was issued")
    expect(failed.locator(".steps .stopped")).to_contain_text("key proven")
    expect(failed.locator(".advice code").first).to_have_text("homing enroll edge-1 --rotate-secret")


def test_a_gateway_that_dies_is_told_and_the_page_recovers(house, logged_in):
    page = logged_in(house)
    banner = page.locator("#gone")
    expect(banner).to_be_hidden()
    house.gateway.kill()
    expect(banner).to_be_visible()
    house.gateway.start()
    expect(banner).to_be_hidden()
    house.enroll("edge-1")
    expect(page.locator(".counter.new b")).to_have_text("1")
