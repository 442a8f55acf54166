"""`homing demo` opens with something to see on every page."""

import os
import re
import signal
import subprocess
import tempfile
import threading

import pytest
from playwright.sync_api import expect

from house import programs, until


@pytest.fixture
def demo():
    """The link that the demo prints."""
    with tempfile.TemporaryDirectory(prefix="homing-") as folder:
        command = [programs.BINARIES / "homing", "demo"]
        env = {**os.environ, "TMPDIR": folder, "HOME": folder}
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=env)
        said = []
        reader = threading.Thread(target=lambda: said.extend(running.stdout), daemon=True)
        reader.start()
        try:
            until("the demo is complete", lambda: "Ctrl-C stops" in "".join(said) or running.poll() is not None, 120)
            yield re.search(r"http://\S+/login\?link=\S+", "".join(said)).group(0)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(60)


def test_every_page_of_the_demo_shows_something(demo, visit, accessible):
    page = visit(re.match(r"http://[^/]+", demo).group(0))
    page.goto(demo)
    page.get_by_role("button", name="Open the console").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    for state in ("up", "down", "refused", "pending", "new", "blocked"):
        expect(page.locator(f".counter.{state} b")).not_to_have_text("0")
    expect(page.locator(".matters li").first).to_be_visible()
    expect(page.locator("#plot svg")).to_be_visible()
    for path in ("/devices", "/pending", "/events", "/audit"):
        page.goto(path)
        expect(page.locator("tr[data-row]").first).to_be_visible()
    page.goto("/access")
    expect(page.locator("article.user").first).to_be_visible()
    accessible(page)
    page.goto("/devices?q=state:up")
    page.locator("tr[data-row] a").first.click()
    expect(page.locator(".attempt.ok").first).to_be_visible()
    page.get_by_role("link", name="Configuration", exact=True).click()
    expect(page.locator("#configuration-text")).not_to_be_empty()
    page.get_by_role("link", name="Run", exact=True).click()
    page.locator("#run-text").fill("get-system-information")
    page.keyboard.press("Enter")
    expect(page.locator("#run-state")).to_contain_text("done")
