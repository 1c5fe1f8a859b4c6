"""Detectors by themselves, where no program could show the difference reliably."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from harness.lab.worker import detectors


def shares(monkeypatch: pytest.MonkeyPatch, *looks: tuple[float, float]) -> float:
    """What is found where at each look others, and this thread itself, used such shares of a processor."""
    seen = iter([(others, others + own) for others, own in looks])
    monkeypatch.setattr(detectors, "_look", lambda: next(seen))
    return detectors._still_used()


def test_others_are_at_work_if_three_looks_in_a_row_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools that spin out, one of them late, are calm at the third look; what works on is not."""
    assert shares(monkeypatch, (0.1, 0.0)) == 0
    assert shares(monkeypatch, (0.9, 0.0), (0.1, 0.0)) == 0
    assert shares(monkeypatch, (0.9, 0.0), (0.8, 0.0), (0.1, 0.0)) == 0
    assert shares(monkeypatch, (0.9, 0.0), (0.8, 0.0), (0.7, 0.0)) == pytest.approx(0.7)
    assert shares(monkeypatch, (0.1, 0.6), (0.9, 0.0), (0.7, 0.0), (0.8, 0.0)) == pytest.approx(0.8)


def test_what_a_sleeping_thread_is_charged_counts_if_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A virtual machine that loses its processor charges the lost time to who has just gone to sleep; a signal's handler works at every look."""
    assert shares(monkeypatch, (0.0, 0.8), (0.0, 0.9), (0.0, 0.0)) == 0
    assert shares(
        monkeypatch, (0.0, 0.8), (0.0, 0.9), (0.0, 0.7), (0.0, 0.9), (0.0, 0.6)
    ) == pytest.approx(0.6)


def test_what_is_charged_between_two_readings_is_not_the_others_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each clock that is read, and the pause, charges 8 ms to this thread: none of it is others' work."""
    charged = 0

    def reads() -> int:
        nonlocal charged
        charged += 8_000_000
        return charged

    for clock in ("now", "thread_ns", "process_ns"):
        monkeypatch.setattr(detectors, clock, reads)
    monkeypatch.setattr(detectors, "children_cpu_ns", lambda: reads() * 0)
    monkeypatch.setattr(detectors, "sleep", lambda _: reads())
    others, all_of_it = detectors._look()

    assert others <= 0 < all_of_it


def test_real_work_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another thread, and of a child; with a threshold that they reach on the busiest machine."""
    monkeypatch.setattr(detectors, "_BUSY_SHARE", 0.03)
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        assert any(detectors._still_used() for _ in range(50))
    finally:
        done.set()
        thread.join()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as child:
        try:
            assert any(detectors._still_used() for _ in range(50))
        finally:
            child.kill()
