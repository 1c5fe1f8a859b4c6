"""The files a tool makes itself, and the annotated source of a Cython variant, copied beside the results."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness.lab import places
from harness.lab.catalogue import HOME
from harness.lab.profiling import memray, scalene
from harness.model.profiled import Tool

if TYPE_CHECKING:
    from harness.lab.profiling.subject import Profiled


def own_files(subject: Profiled, tool: Tool, folder: Path, stem: str) -> list[Path]:
    """Copy what the tool left in the scratch folder, and annotate a Cython body; return the files made."""
    made = []
    if tool is Tool.SCALENE and (subject.scratch / scalene.RECORD).is_file():
        made.append(
            Path(shutil.copy(subject.scratch / scalene.RECORD, folder / f"{stem}.scalene.json"))
        )
    if tool is Tool.MEMRAY and memray.write_page(subject.scratch, folder / f"{stem}.memray.html"):
        made.append(folder / f"{stem}.memray.html")
    dump = max(subject.scratch.glob("counts*"), key=lambda file: file.stat().st_size, default=None)
    if dump is not None:
        made.append(Path(shutil.copy(dump, folder / f"{stem}.callgrind.out")))
    for file in made:
        places.write_whole(file, impersonal(file.read_bytes(), subject))
    annotated = annotate(subject, folder / f"{stem}.cython.html")
    return [*made, annotated] if annotated else made


def impersonal(data: bytes, subject: Profiled) -> bytes:
    """Take the folders of this machine out of a tool's file: a path is known from the project's or Python's folder on, as elsewhere in a profile."""
    tree = subject.found.tree.root if subject.found.tree else ""
    project = subject.found.folder.parent if subject.found.origin == "path" else subject.found.home
    known = {
        str(project): "",
        tree: "",
        str(HOME): "",
        str(subject.scratch): "",
        str(Path.cwd()): "",
        sys.prefix: "python",
        sys.base_prefix: "python",
    }
    known[str(Path.home())] = "~"
    for folder in sorted(
        (folder for folder in known if len(Path(folder).parts) > 1), key=len, reverse=True
    ):
        for form in {folder, json.dumps(folder)[1:-1]}:
            data = data.replace(
                f"{form}/".encode(), f"{known[folder]}/".lstrip("/").encode()
            ).replace(form.encode(), (known[folder] or ".").encode())
    return data


def annotate(subject: Profiled, page: Path) -> Path | None:
    """Write Cython's annotated source: the yellower a line, the more of Python is left in it; None: no Cython, or none installed."""
    source = subject.found.home / "extensions" / subject.found.name / f"{subject.variant}.pyx"
    if not source.is_file():
        return None
    with tempfile.TemporaryDirectory(prefix="perflab-") as scratch:
        target = Path(scratch, f"{source.stem}.c")
        settings = ("language_level=3", "boundscheck=False", "wraparound=False", "cdivision=True")
        directives = [word for setting in settings for word in ("-X", setting)]
        command = [
            sys.executable,
            "-m",
            "cython",
            "--annotate",
            *directives,
            "-I",
            str(subject.found.home),
            "-o",
            str(target),
            str(source),
        ]
        done = subprocess.run(command, capture_output=True, check=False, cwd=subject.found.home)
        made = target.with_suffix(".html")
        if done.returncode or not made.is_file():
            return None
        shutil.copy(made, page)
    return page
