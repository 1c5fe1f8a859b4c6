"""Coverage-guided fuzzing of the reader of result files, by atheris (libFuzzer): whatever the bytes, a run or a StoreError.

.. code-block:: console

    make fuzz                                                              # ten minutes; longer: SECONDS_OF_FUZZ=3600
    python -m tests.fuzz.read_result -max_total_time=60 build/fuzz/corpus  # libFuzzer's own options and corpus
    python -m tests.fuzz.read_result build/fuzz/crash-0123abcd             # what it found, once more

atheris is in the extra ``fuzz``.  A finding is written to build/fuzz; what was mended has a line in tests/test_lab/test_store_fuzz.py.
Half of the mutations are libFuzzer's on bytes; the others change the tree of the JSON or of the record in it, and seal the file again.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["harness.lab.store", "harness.judge", "harness.model", "harness.show.documents"]
):
    from tests.fuzz.mutations import examine, spoiled

HOME = Path(__file__).parents[2]
FOUND = HOME / "build" / "fuzz"
LARGEST = 200_000
"""Bytes of an input."""


def one(data: bytes) -> None:
    """Examine one input; what is raised here is a finding."""
    examine(data)


def mutator(data: bytes, most: int, seed: int) -> bytes:
    """What libFuzzer asks for a new input."""
    made = spoiled(
        data,
        random.Random(seed),
        lambda given: bytes(atheris.Mutate(given, max(len(given) + 64, 1))),
    )
    return made[:most]


def main() -> None:
    """Fill the corpus, then fuzz for as long as the options say."""
    options, places = (
        [word for word in sys.argv[1:] if word.startswith("-")],
        [word for word in sys.argv[1:] if not word.startswith("-")],
    )
    FOUND.mkdir(parents=True, exist_ok=True)
    places = places or [str(FOUND / "corpus")]
    if not Path(places[0]).is_file():
        subprocess.run([sys.executable, "-m", "tests.fuzz.seeds", places[0]], check=True, cwd=HOME)
    defaults = [f"-artifact_prefix={FOUND}/", f"-max_len={LARGEST}", "-timeout=60"]
    atheris.Setup([sys.argv[0], *defaults, *options, *places], one, custom_mutator=mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
