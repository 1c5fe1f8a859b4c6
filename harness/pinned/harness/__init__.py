"""Stands first on the path of every worker and hands over to the real package.

The working directory may hold a package of this name, and so may PYTHONPATH; a worker and its
children find ours here, and all that is the user's after it.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from os.path import dirname, join

_REAL = dirname(dirname(dirname(__file__)))
_spec = spec_from_file_location(
    "harness", join(_REAL, "__init__.py"), submodule_search_locations=[_REAL]
)
assert _spec is not None
assert _spec.loader is not None
sys.modules["harness"] = _module = module_from_spec(_spec)
_spec.loader.exec_module(_module)

from harness.start import pin  # noqa: E402  the real one, which is there only now

pin(libraries=False)
