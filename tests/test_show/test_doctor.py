"""The doctor, shown machines that we do not have: exact words, exact remedies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.commands.doctor import command
from harness.lab import catalogue, doctor, missing, supervisor
from harness.lab.doctor import Check, Here, Pairs, State
from harness.lab.places import Stores

HYPERVISOR = "flags\t\t: fpu hypervisor avx2"


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Here]:
    """Build a machine out of the files its kernel shows."""

    def build(
        files: dict[str, str] | None = None,
        *,
        allowed: int = 4,
        present: int = 4,
        environment: dict[str, str] | None = None,
        which: tuple[str, ...] = (),
    ) -> Here:
        for name, text in (files or {}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text + "\n")
        return Here(
            tmp_path,
            environment or {},
            lambda name: name if name in which else None,
            allowed,
            present,
        )

    return build


def told(check: Check) -> tuple[State, str, str]:
    """State, finding and remedy."""
    return check.state, check.found, check.remedy


PROBES = [
    doctor.processors,
    doctor.quota,
    doctor.load,
    doctor.frequency,
    doctor.smt,
    doctor.virtual,
    doctor.power,
    doctor.memory,
    doctor.swap,
    doctor.environment,
]


@pytest.mark.parametrize("probe", PROBES)
def test_a_machine_that_shows_nothing_is_not_blamed(
    probe: Callable[[Here], Check], machine: Callable[..., Here]
) -> None:
    """macOS, Windows, locked containers: no file, no traceback, no invented trouble."""

    assert State.OK is probe(machine()).state


def test_one_processor_is_shared_by_referee_and_variant(machine: Callable[..., Here]) -> None:
    """Affinity counts, not what is built in."""

    assert (State.WARN, "1 of 8 usable by this process") == told(
        doctor.processors(machine(allowed=1, present=8))
    )[:2]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (
            {
                "sys/fs/cgroup/cpu.max": "150000 100000",
                "sys/fs/cgroup/cpu.stat": "nr_periods 9\nnr_throttled 7",
            },
            "1.5 processors per period; stopped 7 times so far",
        ),
        (
            {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            "0.5 processors per period; stopped 0 times so far",
        ),
    ],
)
def test_a_quota_is_found_in_both_versions_of_control_groups(
    files: dict[str, str], found: str, machine: Callable[..., Here]
) -> None:
    """With how often it has stopped us."""

    assert (State.WARN, found) == told(doctor.quota(machine(files)))[:2]


@pytest.mark.parametrize(
    "files",
    [
        {"sys/fs/cgroup/cpu.max": "max 100000"},
        {
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
    ],
)
def test_no_quota_is_no_trouble(files: dict[str, str], machine: Callable[..., Here]) -> None:
    """``max`` and -1 both say: no limit."""

    assert State.OK is doctor.quota(machine(files)).state


def test_load_counts_against_the_processors_we_may_use(machine: Callable[..., Here]) -> None:
    """One busy program on four processors is fine, two are not."""

    assert (State.OK, "1.90 on 4 processors (last minute)", "") == told(
        doctor.load(machine({"proc/loadavg": "1.90 1 1 1/2 3"}))
    )
    assert (
        State.WARN,
        "2.00 on 4 processors (last minute)",
        "ps -eo pcpu,pid,comm --sort=-pcpu | head",
    ) == told(doctor.load(machine({"proc/loadavg": "2.00 1 1 1/2 3"})))


@pytest.mark.parametrize(("stolen", "state"), [(1, State.OK), (2, State.WARN)])
def test_steal_is_a_share_of_the_time_meanwhile(stolen: int, state: State) -> None:
    """Two of a hundred ticks are too many."""
    check = doctor.steal(doctor.Ticks(1000, 5), doctor.Ticks(1100, 5 + stolen))

    assert (state, f"{stolen}.0% of processor time went to other guests just now") == told(check)[
        :2
    ]


def test_pairs_judge_by_their_median() -> None:
    """A slice that was interrupted does not move the verdict; a steady difference does."""
    quiet = Pairs([100] * 99 + [900], [100] * 100)
    apart = Pairs([102] * 100, [100] * 100)

    assert (0.0, State.OK) == (quiet.apart(), doctor.identical(quiet).state)
    assert (
        "two identical loops are 2.00% apart, within 2.0% at 95 % (100 pairs of 0.5 ms)"
        == doctor.identical(apart).found
    )
    assert State.WARN is doctor.identical(apart).state


def test_the_interval_of_the_median_is_read_off_the_ranks() -> None:
    """Of 101 ratios 1.00 to 1.010 the 40th and 62nd enclose the median with 95 %: 10 either side of the middle."""
    pairs = Pairs([100_000 + 10 * step for step in range(101)], [100_000] * 101)

    assert pytest.approx(0.0050) == pairs.apart()
    assert pytest.approx(0.0060) == pairs.resolution()


def test_a_slow_mode_is_told_apart_from_a_difference() -> None:
    """Every fifth slice of both takes twice as long: ratios of pairs are one, single times are not to be trusted."""
    slices = [100, 100, 100, 100, 200] * 20
    check = doctor.identical(Pairs(slices, slices))

    assert (
        State.WARN,
        "the slowest tenth of equal slices takes 2.0x the fastest: ratios of pairs stay right, single times do not",
    ) == (
        check.state,
        check.why,
    )


def test_identical_loops_are_timed_in_pairs() -> None:
    """As many slices of one as of the other, whatever the clock says."""
    clock = itertools.count(0, 400_000)
    pairs = doctor.identical_loops(seconds=0.01, clock=lambda: next(clock))

    assert (400_000, 400_000) == (*set(pairs.first_ns), *set(pairs.second_ns))
    assert len(pairs.first_ns) == len(pairs.second_ns) == 10


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"cpu0/cpufreq/scaling_governor": "powersave"}, (State.WARN, "governor powersave, turbo off", "sudo cpupower frequency-set -g performance")),
        ({"cpu0/cpufreq/scaling_governor": "performance", "intel_pstate/no_turbo": "0"},
         (State.WARN, "governor performance, turbo on", "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo")),
        ({"cpu0/cpufreq/scaling_governor": "performance", "cpufreq/boost": "1"},
         (State.WARN, "governor performance, turbo on", "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost")),
        ({"cpu0/cpufreq/scaling_governor": "performance", "intel_pstate/no_turbo": "1"}, (State.OK, "governor performance, turbo off", "")),
    ],
)  # fmt: skip
def test_a_moving_clock_rate_has_an_exact_remedy(
    files: dict[str, str], said: tuple[State, str, str], machine: Callable[..., Here]
) -> None:
    """Governor first, then turbo, by the switch this driver has."""

    assert said == told(
        doctor.frequency(
            machine({f"sys/devices/system/cpu/{name}": text for name, text in files.items()})
        )
    )


def test_two_threads_of_a_core_are_not_two_cores(machine: Callable[..., Here]) -> None:
    """SMT on is worth a warning, off is not."""

    assert State.WARN is doctor.smt(machine({"sys/devices/system/cpu/smt/active": "1"})).state
    assert (State.OK, "off", "") == told(
        doctor.smt(machine({"sys/devices/system/cpu/smt/active": "0"}))
    )


def test_a_virtual_machine_is_named(machine: Callable[..., Here]) -> None:
    """By the processor's own flag; a container on top as well."""

    assert (
        "a virtual machine, in a container"
        == doctor.virtual(machine({"proc/cpuinfo": HYPERVISOR, ".dockerenv": ""})).found
    )


def test_a_battery_in_use_is_a_warning(machine: Callable[..., Here]) -> None:
    """Charging it is none."""
    files = {
        "sys/class/power_supply/BAT0/type": "Battery",
        "sys/class/power_supply/BAT0/status": "Discharging",
    }

    assert (State.WARN, "on battery (BAT0)", "plug it in") == told(doctor.power(machine(files)))
    assert (
        State.OK is doctor.power(machine({"sys/class/power_supply/BAT0/status": "Charging"})).state
    )


def test_memory_ends_where_the_control_group_says(machine: Callable[..., Here]) -> None:
    """Plenty in the machine is little in a small container."""
    files = {"proc/meminfo": f"MemTotal: 99999999 kB\nMemAvailable: {8 << 20} kB"}

    assert (State.OK, "8.0 GiB available", "") == told(doctor.memory(machine(files)))
    check = doctor.memory(machine({"sys/fs/cgroup/memory.max": str(512 << 20)}))

    assert (
        State.WARN,
        "0.5 GiB available (limit of the control group)",
        "python -m harness run CASE -w S --memory 512MiB",
    ) == told(check)


@pytest.mark.parametrize(("used", "state"), [(0, State.OK), (2048, State.WARN)])
def test_swap_matters_once_it_is_used(
    used: int, state: State, machine: Callable[..., Here]
) -> None:
    """An empty swap file slows nobody down."""
    check = doctor.swap(
        machine(
            {"proc/swaps": f"Filename Type Size Used Priority\n/swapfile file 8388604 {used} -2"}
        )
    )

    assert (state, f"1 area(s), {used // 1024} MiB in use") == told(check)[:2]


@pytest.mark.parametrize(
    ("step", "source", "state"),
    [
        (5e-8, "tsc", State.OK),
        (5e-8, "hpet", State.WARN),
        (2e-6, "", State.WARN),
        (0.0156, "", State.BAD),
        (0.0, "", State.BAD),
    ],
)
def test_a_clock_must_tell_half_a_millisecond(step: float, source: str, state: State) -> None:
    """One that cannot makes measuring impossible."""

    assert state is doctor.judge_clock(step, source).state


def test_the_smallest_step_skips_equal_readings() -> None:
    """A coarse clock shows one time several times over: only a change is a step."""
    clock = itertools.count()

    assert 1e-6 == doctor.smallest_step(lambda: next(clock) // 4 * 1000)


def test_variables_that_reach_the_workers_are_a_warning(machine: Callable[..., Here]) -> None:
    """Those the supervisor takes away are only mentioned; a random hash seed is the default."""

    assert (State.WARN, "PYTHONASYNCIODEBUG set", "unset PYTHONASYNCIODEBUG") == told(
        doctor.environment(machine(environment={"PYTHONASYNCIODEBUG": "1"}))
    )
    assert (State.OK, "PYTHONOPTIMIZE, PYTHONHASHSEED set") == told(
        doctor.environment(machine(environment={"PYTHONHASHSEED": "0", "PYTHONOPTIMIZE": "2"}))
    )[:2]
    assert (
        "nothing set that distorts"
        == doctor.environment(machine(environment={"PYTHONHASHSEED": "random"})).found
    )


@pytest.mark.parametrize("name", doctor.TAKEN_AWAY)
def test_the_supervisor_takes_away_what_we_say_it_does(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the doctor would call distorted numbers fine."""
    monkeypatch.setenv(name, "odd value")

    assert "odd value" != supervisor._environment("token", 0, 2, {}).get(name)


@pytest.mark.parametrize(
    ("debug", "optimised", "free", "state", "found"),
    [
        (True, True, False, State.WARN, "CPython 3.11, a debug build"),
        (
            False,
            False,
            True,
            State.WARN,
            "CPython 3.11, free-threaded, built without --enable-optimizations",
        ),
        (False, True, False, State.OK, "CPython 3.11, optimised build"),
    ],
)
def test_how_python_was_built_is_said(
    debug: bool, optimised: bool, free: bool, state: State, found: str
) -> None:
    """The gravest first."""

    assert (state, found) == told(
        doctor.judge_build("CPython 3.11", debug=debug, optimised=optimised, free_threaded=free)
    )[:2]


def test_no_compiler_is_a_warning_with_a_command(machine: Callable[..., Here]) -> None:
    """CC counts, with or without options."""

    assert (State.WARN, "no C compiler (clang)", "sudo apt-get install gcc") == told(
        doctor.compiler(machine(environment={"CC": "clang -O2"}))
    )


def test_without_valgrind_the_gate_compares_times_only(machine: Callable[..., Here]) -> None:
    """With the command that installs it."""
    assert (State.WARN, "not installed", "sudo apt-get install valgrind") == told(
        doctor.counting(machine())
    )


def test_a_body_without_a_build_is_named(tmp_path: Path) -> None:
    """With the command that builds it; a case given by its path has no compiled bodies."""
    (tmp_path / "extensions" / "tiny").mkdir(parents=True)
    (tmp_path / "extensions" / "tiny" / "quick_c.pyx").write_text("")
    ours, theirs = (
        catalogue.Found("tiny", "cases.tiny", tmp_path / "cases" / "tiny", origin)
        for origin in ("catalogue", "path")
    )
    said = (
        State.WARN,
        "1 of 1 not built or older than their source: tiny/quick_c",
        missing.build(),
    )

    assert said == told(doctor.extensions([ours]))
    assert (State.OK, "0 of 0 built and current", "") == told(doctor.extensions([theirs]))


def test_a_missing_rival_is_named_by_what_its_variant_imports(
    write_case: Callable[..., Path],
) -> None:
    """The standard library is always there and not worth a word."""
    folder = write_case(
        "rivals=('theirs',)",
        theirs="import heapq\nfrom no_such_library.fast import sort\ndef smallest(xs): return sort(xs)",
    )
    said = (State.WARN, "1 of 1 missing: no_such_library", "install what brings no_such_library")

    assert said == told(doctor.rivals([catalogue.find_case(f"{folder}")]))


def test_a_case_that_cannot_be_loaded_does_not_silence_the_doctor(
    write_case: Callable[..., Path],
) -> None:
    """It is said what is wrong with it."""
    folder = write_case(declaration="raise ValueError('half written')")
    check = doctor.rivals([catalogue.find_case(f"{folder}")])

    assert (State.WARN, True) == (
        check.state,
        check.found.endswith("raised ValueError: half written"),
    )


@pytest.mark.parametrize(
    ("which", "remedy"),
    [
        (("valgrind", "redis-server", "google-chrome"), ""),
        (("valgrind", "chromium", "apt-get"), "sudo apt-get install -y redis-server"),
        (("dnf", "chromium"), "sudo dnf install -y valgrind redis"),
        ((), "sudo apt-get install -y valgrind redis-server chromium"),
    ],
)
def test_missing_programs_are_said_at_once(
    machine: Callable[..., Here],
    monkeypatch: pytest.MonkeyPatch,
    which: tuple[str, ...],
    remedy: str,
) -> None:
    """With one command that brings them all."""
    monkeypatch.setattr(doctor, "_in_python", lambda program: False)

    assert remedy == doctor.programs(machine(which=which)).remedy


@pytest.mark.parametrize(
    ("scope", "user", "state"), [("2", 1000, State.WARN), ("1", 1000, State.OK), ("2", 0, State.OK)]
)
def test_profilers_need_the_right_to_trace(
    scope: str,
    user: int,
    state: State,
    machine: Callable[..., Here],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Root has it unless its capabilities lack it."""
    monkeypatch.setattr("os.geteuid", lambda: user)
    files = {
        "proc/sys/kernel/yama/ptrace_scope": scope,
        "proc/self/status": "CapEff:\t0000000000080000",
    }

    assert state is doctor.profilers(machine(files)).state


def test_a_folder_that_cannot_hold_results_makes_measuring_impossible(tmp_path: Path) -> None:
    """A file where the store belongs; a missing folder is made later, so it is fine."""
    (tmp_path / "taken").write_text("")

    assert State.BAD is doctor.kept(Stores(tmp_path / "taken")).state
    assert State.OK is doctor.kept(Stores(tmp_path / "not" / "yet")).state


def test_only_what_is_bad_makes_a_machine_unusable() -> None:
    """Warnings never fail a command."""
    warned = (Check("a", State.WARN, ""), Check("b", State.OK, ""))

    assert [True, False] == [
        doctor.usable(warned),
        doctor.usable((*warned, Check("c", State.BAD, ""))),
    ]


@pytest.mark.parametrize(
    ("state", "code", "usable"), [(State.OK, 0, True), (State.WARN, 0, True), (State.BAD, 7, False)]
)
def test_the_command_ends_with_seven_only_when_nothing_can_be_measured(
    state: State, code: int, usable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its JSON says the same as its exit code."""
    monkeypatch.setattr(
        doctor, "examine", lambda: (Check("clock", state, "odd \x1b[2J", "because", "mend it"),)
    )
    result = CliRunner().invoke(command, ["--json", "-"])
    document = json.loads(result.stdout)

    assert (code, "harness.doctor/1", code, usable) == (
        result.exit_code,
        document["schema"],
        document["exit_code"],
        document["usable"],
    )
    assert [
        {
            "name": "clock",
            "state": str(state),
            "found": "odd \x1b[2J",
            "why": "because",
            "remedy": "mend it",
        }
    ] == document["checks"]


def test_the_table_shows_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each, without escape sequences."""
    monkeypatch.setattr(
        doctor,
        "examine",
        lambda: (Check("clock", State.BAD, "odd \x1b[2J [/x]", "because", "mend it"),),
    )
    lines = [line.rstrip() for line in CliRunner().invoke(command, []).stdout.splitlines()]

    assert [
        "bad  clock  odd \ufffd[2J [/x]",
        "            because",
        "            try: mend it",
        "",
        "Measuring is impossible here until what is marked bad has been mended.",
    ] == lines


def test_every_warning_on_this_machine_says_why_and_what_to_do() -> None:
    """A finding without a remedy is a complaint."""
    checks = doctor.examine(cases=lambda: ())

    assert [] == [
        check.name
        for check in checks
        if check.state is not State.OK and not (check.why and check.remedy)
    ]
    assert len({check.name for check in checks}) == len(checks)
