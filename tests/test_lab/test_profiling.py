"""Real profilers on real variants: each finds the function that is known to be hot, on each kind of variant it can see."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import EnvironmentLacks
from harness.judge.profile import spots
from harness.lab import catalogue
from harness.lab.profiling import artefacts, callgrind, frames, py_spy, scalene, session, tools
from harness.lab.profiling.subject import NotProfiled
from harness.lab.supervisor import Confines
from harness.model.profiled import Frame, Stack, Tool
from tests.browser import chromium

CONFINES = Confines(60.0, 8 << 30)
SECONDS = 1.0
HOT = """
    '''Hot in one function.'''
    {imports}
    def hot(n):
        total = 0
        for i in range(n):
            total += i * i % 7
        return total
    def cold(n):
        return sum(range(n // 1000))
"""
KINDS = {
    "pure": HOT.format(imports="")
    + "    def smallest(xs):\n        hot(20000); cold(2000)\n        return sorted(x * 1.0 for x in xs)\n",
    "jitted": HOT.format(imports="import numba")
    + "    fast = numba.njit(hot)\n    @numba.njit\n    def kernel(n):\n        total = 0\n        for i in range(n):\n            total += i * i % 7\n        return total\n"
    "    def smallest(xs):\n        kernel(2000000); cold(2000)\n        return sorted(x * 1.0 for x in xs)\n",
    "pool": HOT.format(imports="from concurrent.futures import ProcessPoolExecutor")
    + "    def smallest(xs, *, executor: ProcessPoolExecutor):\n        list(executor.map(hot, [200000] * 2))\n        return sorted(x * 1.0 for x in xs)\n",
    "coroutine": HOT.format(imports="import asyncio")
    + "    async def busy():\n        hot(20000)\n        await asyncio.sleep(0)\n    async def smallest(xs):\n        await busy(); cold(2000)\n        return sorted(x * 1.0 for x in xs)\n",
}
"""Each kind of variant, with the work in ``hot`` (Numba: ``kernel``)."""


def require(tool: Tool) -> None:
    """Skip where the tool is missing or not permitted, with the reason."""
    try:
        tools.require(tool)
    except EnvironmentLacks as problem:
        pytest.skip(f"{tool}: {problem.problem}")


@pytest.fixture(scope="module")
def cython_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case whose variant ``cyth`` is a Cython module with a hot function, built beside it."""
    folder = tmp_path_factory.mktemp("cython") / "cythoncase"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "'''Which is hot?  Compiled.'''\nfrom harness import Case, exact, sweep\n\ndef make(n, seed):\n    return (float(n + seed),)\n\n"
        "case = Case(function='smallest', variants=('naive', 'cyth'), workloads=sweep(make, n=(10, 20, 30)), same=exact)\n"
    )
    (folder / "naive.py").write_text("'''Plain.'''\ndef smallest(x):\n    return x * 1.0\n")
    (folder / "cyth.py").write_text("'''Compiled.'''\nfrom perflab_hot_kernel import smallest\n")
    (folder / "perflab_hot_kernel.pyx").write_text(
        "# cython: language_level=3\ncdef double hot(double x, long n) except -1:\n    cdef long i\n    for i in range(n):\n        x = x * 1.0000001 + 1e-9\n    return x\n\n"
        "def smallest(double x):\n    if hot(x, 300000) < 0:\n        raise ValueError\n    return x * 1.0\n"
    )
    script = "from setuptools import setup, Extension; from Cython.Build import cythonize; setup(ext_modules=cythonize([Extension('perflab_hot_kernel', ['perflab_hot_kernel.pyx'], extra_compile_args=['-O1', '-g', '-fno-inline'])]))"
    done = subprocess.run(
        [sys.executable, "-c", script, "-q", "build_ext", "--inplace"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def look(folder: Path, variant: str, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> session.Looked:
    """Look at one variant of a case."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(folder.parent)]))
    found = catalogue.find_case(str(folder))
    case = found.load()
    with session.looking(found, case, session.Asked(tool, SECONDS, CONFINES)) as one:
        try:
            return one(variant, case.workloads[0])
        except NotProfiled as error:
            # scalene hung once under a whole suite; that it is ended is tested elsewhere
            if tool is not Tool.SCALENE or "no end within" not in str(error):
                raise
            return one(variant, case.workloads[0])


@pytest.mark.parametrize("tool", [Tool.PY_SPY, Tool.SCALENE])
@pytest.mark.parametrize("kind", KINDS)
def test_the_hot_function_carries_most(
    kind: str, tool: Tool, write_case: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the variant is made of, most samples of what works are in the function that does the work."""
    require(tool)
    looked = look(write_case(**{kind: KINDS[kind]}), kind, tool, monkeypatch)
    working = [
        spot for spot in spots(looked.profile) if spot.function != "(waiting)"
    ]  # for a pool's processes, on a busy machine
    first = working[0]
    # scalene sees lines of Python: what a kernel spends is the line's that calls it; and in a pool it sees the waiting
    expected = {"jitted": {"kernel"}, "pool": {"hot"}}.get(kind, {"hot"}) | (
        {"smallest"} if tool is Tool.SCALENE and kind in {"jitted", "pool"} else set()
    )

    assert first.function in expected
    assert first.own > 0.5 * sum(spot.own for spot in working)


@pytest.mark.parametrize("tool", [Tool.PY_SPY, Tool.SCALENE, Tool.CALLGRIND])
def test_a_cython_function_is_found_by_name(
    tool: Tool, cython_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """py-spy and callgrind know C functions, and the .pyx they came from; scalene knows that the call was native."""
    require(tool)
    first = spots(look(cython_case, "cyth", tool, monkeypatch).profile)[0]

    assert (
        (first.function == "smallest") if tool is Tool.SCALENE else first.function.endswith("hot")
    )
    assert first.own > 0.5


def test_memray_names_who_allocates(
    write_case: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function that holds eight megabytes at the peak carries nearly all bytes, and has about that many."""
    require(Tool.MEMRAY)
    source = "'''Hoards.'''\ndef hoard():\n    return bytearray(8 << 20)\ndef smallest(xs):\n    kept = hoard()\n    return sorted(x * 1.0 for x in xs)\n"
    profile = look(write_case(hoarder=source), "hoarder", Tool.MEMRAY, monkeypatch).profile

    assert spots(profile)[0].function == "hoard"
    assert 8 << 20 <= profile.total < 9 << 20


@pytest.mark.parametrize(("tool"), [Tool.PY_SPY, Tool.SCALENE, Tool.MEMRAY, Tool.CALLGRIND])
@pytest.mark.parametrize(
    ("ending", "says"),
    [
        ("import os; os._exit(7)", "exit 7"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("raise RuntimeError('no')", "RuntimeError: no"),
    ],
)
def test_the_childs_real_end_is_reported(
    tool: Tool,
    ending: str,
    says: str,
    write_case: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit 7, a crash and an exception are said to be what they are, whatever the profiler makes of them; exit code 4."""
    require(tool)
    folder = write_case(
        bad=f"'''Ends.'''\nCALLS = 0\ndef smallest(xs):\n    global CALLS\n    CALLS += 1\n    if CALLS > 5:\n        {ending}\n    return sorted(x * 1.0 for x in xs)\n"
    )

    with pytest.raises(NotProfiled) as caught:
        look(folder, "bad", tool, monkeypatch)
    # scalene turns os._exit into SystemExit before the program's end
    assert (
        says if (tool, says) != (Tool.SCALENE, "exit 7") else "SystemExit: 7"
    ) in caught.value.problem
    assert caught.value.exit_code == 4


def test_a_missing_tool_is_the_environments_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit 7 with what to install."""
    monkeypatch.setattr(tools.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentLacks) as caught:
        tools.require(Tool.PY_SPY)

    assert caught.value.exit_code == 7
    assert "perflab[profilers]" in caught.value.remedy


@pytest.mark.parametrize(
    ("scope", "root", "capabilities", "may"),
    [
        ("0", False, 0, True),
        ("1", False, 0, False),
        ("1", False, 1 << 19, True),
        ("3", True, 1 << 19, False),
        ("0", True, 0, False),
    ],
)
def test_who_may_trace(scope: str, root: bool, capabilities: int, may: bool) -> None:
    """Yama's scopes, and root without the capability, which is root in a container."""
    assert tools.may_trace(scope, root=root, capabilities=capabilities) is may


def test_py_spys_lines_are_cut_down_to_the_variant() -> None:
    """Frames up to the clock are ours, other stacks of the worker's thread nobody's; all of another thread or process is the variant's; waiting is named."""
    ours = 'process 10:"python -m harness.lab.worker";main (harness/lab/worker/__main__.py:9);timed (harness/lab/worker/timing.py:117)'
    text = "\n".join(
        [
            f"{ours};pairs (cases/tiny/a.py:3);0x7f00 (?);0x7f01 (?) 5",
            f"{ours};pairs (cases/tiny/a.py:4);poll (libc.so.6) 2",
            'process 10:"python";main (harness/lab/worker/__main__.py:9);read (libc.so.6) 7',
            'process 10:"python";process 11:"python";work (cases/tiny/a.py:8) 3',
            'process 10:"python";run (threading.py:9);chunk (cases/tiny/a.py:9) 4',
            'process 10:"python";faulthandler_thread (faulthandler.c:9);sem_timedwait (libc.so.6) 9',
            "nonsense",
        ]
    )

    assert [
        ([frame.function for frame in stack.frames], stack.weight)
        for stack in py_spy.read_raw(text, 10)
    ] == [
        (["pairs", "(machine code)"], 5.0),
        (["pairs", "(waiting)"], 2.0),
        (["work"], 3.0),
        (["run", "chunk"], 4.0),
    ]


def test_cythons_names_are_taken_apart() -> None:
    """Lengths and names in turn; a number before the last is Cython's own."""
    assert [
        frames.tidy(f"__pyx_{prefix}_{mangled}", "x.c", 0)
        for prefix, mangled in (
            ("pf", "10extensions_6dedupe_10blocking_c_2pairs"),
            ("f", "10extensions_6dedupe_7myers_c_within"),
            ("pw", "4case_1pairs"),
        )
    ] == [Frame("pairs", "x.c"), Frame("within", "x.c"), Frame("pairs", "x.c")]


def test_numbas_kernels_get_their_names_from_the_source(tmp_path: Path) -> None:
    """The address under a line that calls a jitted function is that function."""
    found = catalogue.Found("tiny", "tiny", tmp_path / "tiny", "path")
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "case.py").write_text(
        "import numba\n@numba.njit\ndef kernel(n):\n    return n\ndef run(n):\n    return kernel(n)\n"
    )
    stacks = [
        Stack((Frame("run", "case.py", 6), Frame("(machine code)", "")), 1),
        Stack((Frame("other", "none.py", 1), Frame("(machine code)", "")), 1),
        Stack((Frame("(machine code)", ""),), 1),
    ]

    assert [
        stack.frames[-1].function
        for stack in frames.with_kernels(stacks, found, Frame("f", "v.py"))
    ] == [
        "kernel",
        "(machine code)",
        "f",
    ]


def test_callgrinds_file_is_read_to_the_instruction() -> None:
    """Own costs by function with compressed names; what a call cost belongs to the callee; a position without a cost has none."""
    lines = (
        "version: 1|positions: line|events: Ir|fl=(1) a.c|fn=(1) main|3 100|+1 20|cfn=(2) work|calls=1 9|4 500|* 7|fn=(2)|9 500|+2|totals: 627"
    ).split("|")

    assert sorted((frame.function, cost) for frame, cost in callgrind.read(lines)) == [
        ("main", 127.0),
        ("work", 500.0),
    ]


def test_scalenes_record_without_imports_and_the_labs_own_lines() -> None:
    """Module level is import and compilation; the clock's line is the variant's compiled code; the rest of the lab is nobody's."""

    def line(number: int, start: int) -> dict[str, float]:
        return {
            "lineno": number, "start_function_line": start, "n_cpu_percent_python": 10.0, "n_cpu_percent_c": 20.0, "n_sys_percent": 0.0,
            "n_malloc_mb": 2.0, "n_copy_mb_s": 1.0,
        }  # fmt: skip

    files = {
        "cases/tiny/a.py": {
            "functions": [{"lineno": 3, "line": "pairs"}],
            "lines": [line(1, 0), line(4, 3)],
        },
        "harness/lab/worker/timing.py": {
            "functions": [{"lineno": 9, "line": "timed"}, {"lineno": 20, "line": "spin"}],
            "lines": [line(11, 9), line(21, 20)],
        },
    }
    found = scalene.read(files, Frame("pairs", "cases/tiny/a.py"), Path("/home/project"))

    assert [(one.function, one.line, one.allocated_bytes) for one in found] == [
        ("pairs", 4, 2_000_000),
        ("pairs", 0, 2_000_000),
    ]
    assert (0.1, 0.2) == (found[0].python, found[0].native)


def test_cythons_annotated_source_is_kept(tmp_path: Path) -> None:
    """A page that shows the .pyx with what C each line became."""
    found = catalogue.find_case("dedupe")

    class Subject:
        variant = "myers_c"

    subject = Subject()
    subject.found = found  # type: ignore[attr-defined]
    page = artefacts.annotate(subject, tmp_path / "page.html")  # type: ignore[arg-type]

    assert page is not None
    assert "pairs" in page.read_text()


def test_every_page_opens_without_a_network(
    write_case: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our flame graph, memray's and Cython's pages: no console error, no request beyond the file."""
    from harness.show import flamegraph

    require(Tool.PY_SPY)
    require(Tool.MEMRAY)
    folder = write_case(pure=KINDS["pure"])
    graph = tmp_path / "graph.html"
    graph.write_bytes(
        flamegraph.page(look(folder, "pure", Tool.PY_SPY, monkeypatch).profile, [], "a test")
    )
    tracked = look_and_keep(folder, tmp_path, monkeypatch)

    with chromium() as browser:
        for page in (graph, *tracked):
            seen = browser.look(page.as_uri())
            outside = [
                address
                for address in seen.asked
                if not address.startswith(("file:", "data:", "blob:"))
            ]
            assert ([], []) == (seen.errors, outside), page.name


def look_and_keep(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Look with memray, and keep its page while its capture is there."""
    monkeypatch.setenv("PYTHONPATH", str(folder.parent))
    found = catalogue.find_case(str(folder))
    case = found.load()
    with session.looking(found, case, session.Asked(Tool.MEMRAY, SECONDS, CONFINES)) as one:
        looked = one("pure", case.workloads[0])
        return artefacts.own_files(looked.subject, Tool.MEMRAY, tmp_path, "pure")
