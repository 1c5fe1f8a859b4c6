"""A real Chromium, without a network: what a page asks for, what its console says, what axe-core finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip
SIZES = ((1280, 800), (360, 740))
SCHEMES = ("light", "dark")


@dataclass
class Seen:
    """What was seen of one page."""

    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Every address that the page asked for."""
    links: list[str] = field(default_factory=list)
    """Where its links lead, as the browser resolves them."""
    violations: list[str] = field(default_factory=list)
    """What axe-core finds serious or critical."""
    wider: int = 0
    """Pixels by which the page is wider than the window."""


@dataclass
class Browser:
    """A running Chromium."""

    program: Any

    def look(
        self,
        address: str,
        *,
        width: int = 1280,
        scheme: str = "light",
        axe: bool = False,
        offline: bool = True,
    ) -> Seen:
        """Open a page in a fresh profile."""
        seen = Seen()
        context = self.program.new_context(
            offline=offline, color_scheme=scheme, viewport={"width": width, "height": 800}
        )
        tab = context.new_page()
        tab.on(
            "console",
            lambda message: seen.errors.append(message.text) if message.type == "error" else None,
        )
        tab.on("pageerror", lambda error: seen.errors.append(str(error)))
        tab.on("request", lambda request: seen.asked.append(request.url))
        tab.on("requestfailed", lambda request: seen.errors.append(f"not there: {request.url}"))
        tab.goto(address)
        assert tab.title()
        seen.links = tab.eval_on_selector_all("a[href]", "found => found.map(one => one.href)")
        seen.wider = tab.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if axe:
            asked = len(seen.asked)
            tab.eval_on_selector_all(
                "details", "found => found.forEach(one => { one.open = true })"
            )
            tab.evaluate(axe_source())
            found = tab.evaluate("axe.run({resultTypes: ['violations'], preload: false})")
            seen.violations = [
                f"{one['id']}: {node['html']}"
                for one in found["violations"]
                if one["impact"] in {"serious", "critical"}
                for node in one["nodes"]
            ]
            del seen.asked[asked:]
        context.close()
        return seen


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser; skip where there is none."""
    program = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if find_spec("playwright") is None or program is None:
        pytest.skip("playwright or a Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        yield Browser(browser)
        browser.close()


def axe_source() -> str:
    """axe-core's script, which axe-playwright-python carries; skip where it is not installed."""
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("axe-core is not installed: pip install axe-playwright-python")
    return Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8")
