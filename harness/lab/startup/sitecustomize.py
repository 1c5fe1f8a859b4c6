"""Begins every Python that a side's process starts: it finds that side's modules; then whatever customises this site."""

import os
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType

_NAME = "harness.lab.finder"


def _begin() -> None:
    # by its path: importing the package would import all that a case may use
    file = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "finder.py")
    loader = SourceFileLoader(_NAME, file)
    finder = ModuleType(_NAME)
    finder.__file__, finder.__loader__ = file, loader
    sys.modules[_NAME] = finder
    loader.exec_module(finder)
    finder.begin()
    for found in finder.next_customisation():
        module = ModuleType("sitecustomize")
        module.__file__, module.__spec__, module.__loader__ = found.origin, found, found.loader
        sys.modules["sitecustomize"] = module
        found.loader.exec_module(module)


_begin()
