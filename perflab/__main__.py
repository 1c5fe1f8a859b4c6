"""``python -m perflab``, and the command ``perflab``.

``harness`` is a common name: a folder of the user's may be called so, and stand first on the path.
The package beside this one is the one that is meant.
"""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location

_HARNESS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "harness")


def command() -> None:
    """Run what the console script was called with; modules of the working directory are importable."""
    if not sys.flags.safe_path:
        try:
            sys.path[0] = os.getcwd()  # as `python -m` has it; it was the script's own folder
        except OSError:
            del sys.path[0]
    main()


def main() -> None:
    """Run the command line."""
    _load_harness()
    from harness.__main__ import main as begin

    begin()


def _load_harness() -> None:
    """Load the package from its place, whatever else has its name."""
    loaded = getattr(sys.modules.get("harness"), "__path__", [])
    if list(loaded) == [_HARNESS]:
        return
    spec = spec_from_file_location(
        "harness", os.path.join(_HARNESS, "__init__.py"), submodule_search_locations=[_HARNESS]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["harness"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    main()
