"""The compiled voice in which a process talks to callgrind; loaded by its path, since revisions bring an ``extensions`` of their own."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from harness.errors import EnvironmentLacks
from harness.lab.catalogue import HOME

_REMEDY = "make build; or --metric time"


def load() -> Any:
    """Return the module ``extensions/gate/callgrind``.

    Raises:
        EnvironmentLacks: it is not built, or was built without valgrind's headers.
    """
    folder = HOME / "extensions" / "gate"
    file = next(
        (
            path
            for suffix in EXTENSION_SUFFIXES
            if (path := folder / f"callgrind{suffix}").is_file()
        ),
        None,
    )
    spec = None if file is None else spec_from_file_location("harness_shim.callgrind", file)
    if spec is None or spec.loader is None:
        raise EnvironmentLacks("extensions/gate/callgrind.pyx is not built", _REMEDY)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    if not module.can_count():
        raise EnvironmentLacks(
            "perflab was built without valgrind's headers",
            f"apt-get install valgrind; rm {folder}/callgrind.*.so; {_REMEDY}",
        )
    return module
