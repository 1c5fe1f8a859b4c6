"""Whether a profiler is installed and permitted, or what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from harness.errors import EnvironmentLacks
from harness.model.profiled import Tool

_INSTALL = "pip install 'perflab[profilers]'"
_PTRACE_SCOPE = Path("/proc/sys/kernel/yama/ptrace_scope")
_CAP_SYS_PTRACE = 1 << 19


def program(name: str) -> str:
    """Path of a tool's program: beside this Python, or on PATH.

    Raises:
        EnvironmentLacks: there is none.
    """
    beside = Path(sys.executable).with_name(name)
    path = str(beside) if beside.is_file() else shutil.which(name)
    if path is None:
        raise EnvironmentLacks(
            f"{name} is not installed",
            "apt-get install valgrind" if name == "valgrind" else _INSTALL,
        )
    return path


def require(tool: Tool) -> None:
    """Refuse a tool that is not there, or that may not look.

    Raises:
        EnvironmentLacks: with the remedy.
    """
    if tool is Tool.CALLGRIND:
        from harness.lab.gate.counting import require_callgrind

        require_callgrind()
        return
    if tool is Tool.MEMRAY:
        if find_spec("memray") is None:
            raise EnvironmentLacks("memray is not installed", _INSTALL)
        return
    program(str(tool))
    if tool is Tool.PY_SPY:
        require_ptrace()


def require_ptrace() -> None:
    """Refuse to start what would be refused to look at another process.

    Raises:
        EnvironmentLacks: the kernel's policy or the container forbids it.
    """
    scope = _PTRACE_SCOPE.read_text().strip() if _PTRACE_SCOPE.exists() else "0"
    if may_trace(scope, root=os.geteuid() == 0, capabilities=_capabilities()):
        return
    raise EnvironmentLacks(
        f"py-spy may not look at another process here (kernel.yama.ptrace_scope is {scope}, and CAP_SYS_PTRACE is missing)",
        "sudo sysctl kernel.yama.ptrace_scope=0; in a container: --cap-add SYS_PTRACE; or --with scalene",
    )


def may_trace(scope: str, *, root: bool, capabilities: int) -> bool:
    """Whether a process may read another of the same user: Documentation/admin-guide/LSM/Yama.rst of the kernel.

    py-spy is no parent of what it looks at, so scope 1 needs the capability, too.
    """
    if capabilities & _CAP_SYS_PTRACE:
        return scope != "3"
    return scope == "0" and not root  # root without the capability is root in a container


def _capabilities() -> int:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    except (OSError, ValueError):
        pass
    return 0
