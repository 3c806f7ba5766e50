"""`make dev` opens the whole graph in a real browser, on this machine only."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1600,1000"
)
SECONDS_TO_START = 90

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver"),
]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "assets.command", "dev", "--port", str(port)],
        env=os.environ | {"PHASELINE_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + SECONDS_TO_START
    while not answers(url) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.5)
    yield url
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(f"{url}/server_info", timeout=2).status == 200
    except OSError:
        return False


def test_the_graph_shows_every_domain_and_recipe(address: str) -> None:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in FLAGS.split():
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        browser.get(f"{address}/asset-groups")
        groups = {"web", "math", "code", "wiki", "qa", "corpus", "two_phase"}

        def shown(driver: webdriver.Chrome) -> bool:
            return groups <= set(driver.find_element(By.TAG_NAME, "body").text.split())

        WebDriverWait(browser, 60).until(shown)
        browser.get(f"{address}/assets/shards/web_high?view=checks")
        WebDriverWait(browser, 60).until(lambda driver: "blocks_have_digests" in driver.page_source)
    finally:
        browser.quit()
