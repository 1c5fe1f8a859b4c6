"""Reports of the gate made by hand, with exact numbers."""

from __future__ import annotations

from dataclasses import replace

from harness.judge import gate as policy
from harness.model.declared import Verdict
from harness.model.gated import Gap, GateReport, KeyVerdict, Metric
from harness.model.judged import Estimate
from harness.model.measured import Key

from .runs import MACHINE

BASE = "0123456789abcdef0123456789abcdef01234567"
HEAD = "89abcdef0123456789abcdef0123456789abcdef"
RATIOS = {
    Verdict.SLOWER: Estimate(1.021, 1.018, 1.024),
    Verdict.SAME: Estimate(1.0004, 0.998, 1.003),
    Verdict.FASTER: Estimate(0.8, 0.79, 0.81),
    Verdict.UNCLEAR: Estimate(1.008, 0.99, 1.03),
}


def fake_key(
    variant: str = "myers_c", verdict: Verdict = Verdict.SAME, *, case: str = "dedupe", metric: Metric = Metric.TIME, notes: tuple[str, ...] = (),
    effect: float | None = 0.004, how: str = "one process",
) -> KeyVerdict:  # fmt: skip
    """One key: 2.1 % slower and confirmed, or as its verdict says."""
    timed = metric is not Metric.INSTRUCTIONS
    return KeyVerdict(
        key=Key(case, variant, "640"),
        metric=metric,
        ratio=RATIOS[verdict],
        verdict=verdict,
        smallest_effect=effect,
        units=6 if timed else 3,
        how=how if timed else "callgrind",
        base_value=12.3e-6 if timed else 45_600.0,
        confirmed=verdict is Verdict.SLOWER,
        seconds=2.5,
        notes=notes,
        calls=1234 if timed else 400,
    )


def fake_gate(
    *keys: KeyVerdict, missing: tuple[Gap, ...] = (), wrong: tuple[Gap, ...] = (), unchanged: int = 0, noisy: bool = False, notes: tuple[str, ...] = ()
) -> GateReport:  # fmt: skip
    """A report whose verdict and exit code are what the policy makes of its keys and gaps."""
    code = policy.exit_code(keys, missing=missing, wrong=wrong, listed=1, noisy=noisy)
    return GateReport(
        against="main",
        base=BASE,
        head=HEAD,
        dirty=False,
        command="python -m harness gate --against main",
        machine=MACHINE,
        metrics=tuple(Metric),
        tolerance=0.01,
        keys=keys,
        unchanged=tuple(("topk", f"variant{number}") for number in range(unchanged)),
        added=(),
        missing=missing,
        wrong=wrong,
        machine_check=Estimate(1.0001, 0.9991, 1.0011),
        machine_effect=0.006,
        control=Estimate(0.9999, 0.9989, 1.0009),
        notes=notes,
        seconds=61.25,
        verdict=policy.gate_verdict(code),
        exit_code=int(code),
    )


def fake_everything() -> GateReport:
    """A report in which every part is there."""
    keys = (
        fake_key("naive"),
        fake_key("banded", Verdict.FASTER, how="two processes: module state"),
        fake_key(
            "myers",
            Verdict.UNCLEAR,
            notes=("slower at first, but fresh processes did not repeat it",),
        ),
        fake_key("myers_c", Verdict.SLOWER),
        fake_key("myers_c", Verdict.SLOWER, metric=Metric.INSTRUCTIONS),
        fake_key("naive", Verdict.UNCLEAR, metric=Metric.AVERAGE, effect=0.034),
    )
    report = fake_gate(
        *keys,
        missing=(Gap("dedupe", "pool", "timeout", "no answer after 30 s"),),
        wrong=(Gap("dedupe", "float32", "wrong-answer", "value differs at answer[3]"),),
        unchanged=3,
        notes=("dedupe: the inputs changed; both sides are measured on the new ones",),
    )
    return replace(report, added=(("dedupe", "matrix_c"),), dirty=True)


def fake_crowd(count: int) -> GateReport:
    """A report of many keys, a third of them slower."""
    verdicts = (Verdict.SLOWER, Verdict.SAME, Verdict.UNCLEAR)
    return fake_gate(
        *(
            fake_key(
                f"variant{number}",
                verdicts[number % 3],
                case=f"case{number % 24}",
                notes=("a note",),
            )
            for number in range(count)
        ),
        unchanged=count,
        missing=tuple(
            Gap("dedupe", f"pool{number}", "crashed", "signal 11") for number in range(count)
        ),
    )


def fake_hostile(said: str) -> GateReport:
    """A report in which every string that can be chosen by somebody else is ``said``."""
    key = replace(
        fake_key(verdict=Verdict.SLOWER, notes=(said,), how=said), key=Key(said, said, said)
    )
    unclear = replace(
        fake_key(verdict=Verdict.UNCLEAR, notes=(said,), how=said), key=Key(said, said, said + "2")
    )
    machine = replace(
        MACHINE, cpu=said, system=said, python=said, implementation=said, libraries={said: said}
    )
    gaps = (Gap(said, said, said, said),)
    report = fake_gate(key, unclear, missing=gaps, wrong=gaps, notes=(said,))
    return replace(
        report,
        against=said,
        command=said,
        machine=machine,
        added=((said, said),),
        unchanged=((said, said),),
    )
