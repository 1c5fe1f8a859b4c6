"""The compiled voice in which a process talks to callgrind; loaded by its path, since revisions bring an ``extensions`` of their own."""

from __future__ import annotations

import shutil
from typing import Any

from harness.errors import EnvironmentLacks, NotBuilt
from harness.lab import bodies

_INSTEAD = "or --metric time"
_WHERE = ("gate", "callgrind")


def load() -> Any:
    """Return the module ``extensions/gate/callgrind``, built when it is first needed.

    Raises:
        EnvironmentLacks: it cannot be built here, or not with valgrind's headers.
    """
    try:
        module = bodies.load(*_WHERE)
        if not module.can_count():  # built before valgrind came: beside its source, or kept
            kept = bodies.kept_folder(*_WHERE)
            shutil.rmtree(kept, ignore_errors=True)
            module = bodies.loaded(bodies.made(*_WHERE), "callgrind")
            if not module.can_count():
                shutil.rmtree(kept, ignore_errors=True)
    except NotBuilt as error:
        raise EnvironmentLacks(error.problem, f"{error.remedy}; {_INSTEAD}") from None
    if not module.can_count():
        raise EnvironmentLacks(
            "valgrind's headers are not there, so instructions cannot be counted",
            f"apt-get install valgrind; {_INSTEAD}",
        )
    return module
