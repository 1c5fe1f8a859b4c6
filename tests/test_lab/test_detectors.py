"""Detectors by themselves, where no program could show the difference reliably."""

from __future__ import annotations

import time

import pytest

from harness.lab.worker import detectors


def test_time_charged_to_the_waiting_thread_is_not_work_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual machine that loses its processor charges the lost time to the thread that has just gone to sleep."""

    def robbed(_seconds: float) -> None:
        end = time.thread_time_ns() + 20_000_000
        while time.thread_time_ns() < end:
            pass

    monkeypatch.setattr(detectors, "sleep", robbed)

    assert detectors._idle_share() < 0.5


def test_only_what_works_at_every_look_is_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that spins out, or a thread that was robbed while it woke, calms down; what goes on goes on."""
    elapsed = iter(range(0, 10**12, 40_000_000))
    monkeypatch.setattr(detectors, "sleep", lambda _seconds: None)
    monkeypatch.setattr(detectors, "thread_ns", lambda: 0)
    monkeypatch.setattr(detectors, "now", lambda: next(elapsed))

    def share(*used: float) -> float:
        readings = iter([reading for one in used for reading in (0, int(one * 40_000_000))])
        monkeypatch.setattr(detectors, "tree_cpu_ns", lambda: next(readings))
        return detectors._idle_share()

    assert share(0.1) == pytest.approx(0.1)
    assert share(1.0, 0.9, 0.2) == pytest.approx(0.2)
    assert share(1.0, 0.9, 0.8, 0.7) == pytest.approx(0.7)
