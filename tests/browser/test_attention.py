"""What wants attention of the gateway itself, and of devices that are not what they say: each row with its way to the mend."""

import datetime
import os
import re
import subprocess

import pytest
from playwright.sync_api import expect

import pydevice


@pytest.fixture
def small_disk(new_house):
    """A house whose data folder is on a disk with little room."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    house = new_house(start=False)
    house.gateway.data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m,mode=700", "none", house.gateway.data], check=True)
    try:
        yield house
    finally:
        house.gateway.stop()
        subprocess.run(["umount", "--lazy", house.gateway.data], check=True)


def certificate(folder, days):
    """A certificate of one's own that ends in so many days, and its key."""
    files = [folder / "soon.crt", folder / "soon.key"]
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-days", str(days), "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def test_a_certificate_that_ends_soon_wants_attention(new_house, logged_in, accessible, tmp_path):
    chain, key = certificate(tmp_path, days=5)
    listen = '"http://127.0.0.1:{port}", "https://127.0.0.1:0"'
    house = new_house(config=f'[http]\nlisten = [{listen}]\ncertificate = "{chain}"\nkey = "{key}"\n')
    page = logged_in(house)
    matter = page.locator(".matters li")
    expect(matter).to_have_count(1)
    ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
    expect(matter).to_contain_text(re.compile(f"certificate of the HTTP API ends on {ends:%Y-%m-}"))
    expect(matter).to_contain_text("certificate-ends")
    expect(matter.locator(".advice")).to_contain_text("http.certificate")
    matter.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Gateway")).to_be_in_viewport()
    accessible(page)


def test_a_disk_with_little_room_wants_attention(small_disk, logged_in, accessible):
    small_disk.gateway.start()
    page = logged_in(small_disk)
    matter = page.locator(".matters li")
    expect(matter).to_have_count(1)
    expect(matter).to_contain_text("the disk of the data folder is nearly full")
    expect(matter.locator(".advice")).to_have_text(f"df -h {small_disk.gateway.data}")
    accessible(page)
    matter.get_by_role("link").click()
    page.wait_for_url("**/events?code=events-dropped")


def test_a_clone_of_a_device_that_is_in_session_wants_attention(new_house, logged_in, accessible, loop):
    house = new_house()
    terms = {"device_id": "edge-1", "secret": house.enroll("edge-1"), "authorized": [house.gateway.public_key]}
    box = pydevice.PyDevice(loop, house.gateway.port, **terms)
    boxes = [box, pydevice.PyDevice(loop, house.gateway.port, key=box.key, **terms)]
    page = logged_in(house)
    expect(page.locator("#attention")).to_contain_text("Nothing needs you")
    dialling = [loop.spawn(box.keep_dialling()) for box in boxes]
    try:
        matter = page.locator(".matters li", has_text="duplicate-device")
        expect(matter).to_contain_text("edge-1: two boxes with the host key SHA256:")
        expect(matter.locator(".advice")).to_have_text("homing device log edge-1")
        accessible(page)
        matter.get_by_role("link").click()
        expect(page.get_by_role("heading", name="edge-1").first).to_be_visible()
        expect(page.locator("#device-head .state")).to_contain_text("up")
    finally:
        for task in dialling:
            task.cancel()
