"""`make dev` opens the whole graph in a real browser, on this machine only."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import NEEDS_CHROMIUM, opened_browser

SECONDS_TO_START = 90

pytestmark = NEEDS_CHROMIUM


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
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    groups = {"web", "math", "code", "wiki", "qa", "corpus", "two_phase"}

    def shown(driver: Any) -> bool:
        return groups <= set(driver.find_element(By.TAG_NAME, "body").text.split())

    with opened_browser() as browser:
        browser.get(f"{address}/asset-groups")
        WebDriverWait(browser, 60).until(shown)
        browser.get(f"{address}/assets/shards/web_high?view=checks")
        WebDriverWait(browser, 60).until(lambda driver: "blocks_have_digests" in driver.page_source)
