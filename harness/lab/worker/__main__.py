"""A worker: reads one job after another from its pipe and answers each with one frame."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from harness import start
from harness.lab import finder, frames, trees
from harness.lab.frames import FIXED_LAYOUT, ON_PROCESSORS
from harness.lab.trees import LateImport
from harness.lab.worker import instruments  # before anything that could replace a clock

if TYPE_CHECKING:
    from harness.errors import PerflabError
    from harness.lab.frames import Message
    from harness.lab.worker.answers import Entry
    from harness.lab.worker.control import Control
    from harness.lab.worker.pairing import Contest
    from harness.lab.worker.subject import Subject
    from harness.lab.worker.timing import Stopwatch
    from harness.model.declared import Case

_PR_SET_PDEATHSIG = 1
_ADDR_NO_RANDOMIZE = 0x0040000
_SIGN_OF_LIFE_SECONDS = 0.2


class Server:
    """Answers jobs; keeps the variant, its input and the service between them."""

    def __init__(self, jobs: int, answers: int, memory_bytes: int) -> None:
        self._jobs = jobs
        self._answers = answers
        self._memory_bytes = memory_bytes
        self._timeout = 30.0
        self._ticket = self._at = ""
        self._told = 0.0
        self._modules = 0
        self._subjects: list[Subject] = []
        self._stopwatch: Stopwatch | None = None
        self._contest: Contest | None = None
        self._control: Control | None = None
        self._service: Any = None

    def serve(self) -> None:
        """Answer until the pipe closes."""
        while (job := frames.read(self._jobs)) is not None:
            self._timeout, self._ticket, self._at = job.pop("timeout"), job.pop("ticket"), ""
            self._arm()
            self._say(self._own(self._answer(job)))
            faulthandler.cancel_dump_traceback_later()
        self._close()

    def _say(self, message: Message) -> None:
        """Answer with the job's ticket: whoever else writes into the pipe does not have it."""
        frames.write(self._answers, {**message, "ticket": self._ticket})

    def _own(self, said: Message) -> Message:
        """Turn an answer into a failure if a module came from the working tree: both sides would run that one file."""
        if len(sys.modules) == self._modules or "failed" in said:
            return said
        self._modules = len(sys.modules)
        if strangers := trees.strangers():
            return _failure(
                "unavailable",
                f"takes {', '.join(strangers[:3])} from the working tree, on both sides: "
                f"{trees.remedy_for(strangers[0])}",
            )
        return said

    def _answer(self, job: Message) -> Message:
        handler: Callable[[Message], Message] = getattr(self, f"do_{job['do']}")
        try:
            return handler(job)
        except ImportError as error:
            from harness.errors import words_of
            from harness.lab import missing

            return _failure(_import_status(error), words_of(error) + missing.why(error))
        except LateImport as error:
            return {**_failure("raised", str(error)), "late_import": True}
        except MemoryError:
            return _failure(
                "oom",
                f"raised MemoryError{f' on {self._at}' if self._at else ''} ({_memory(self._memory_bytes)})",
            )
        except BaseException as error:
            from harness.errors import PerflabError, words_of
            from harness.judge.comparison.words import NotComparable
            from harness.lab.worker.answers import Raised

            if isinstance(error, NotComparable):
                return _beyond(error)
            if isinstance(error, PerflabError):
                return _failure(
                    "unavailable" if error.exit_code == 7 else "raised",
                    f"{error.problem}; {error.remedy}",
                )
            return _failure(
                "raised",
                str(error)
                if isinstance(error, Raised)
                else f"raised {words_of(error)}{_place(error)}",
            )

    def _arm(self) -> None:
        faulthandler.dump_traceback_later(self._timeout, file=sys.stderr)

    def alive(self, at: str = "") -> None:
        """Say that the last step is done, so that the next one has its own time; and on which input it is, for when it does not come back."""
        now = instruments.monotonic()
        late = now - self._told > _SIGN_OF_LIFE_SECONDS
        if late:
            self._told = now
            self._arm()
        if late or at not in ("", self._at):
            self._at = at or self._at
            self._say({"alive": True, "at": self._at})

    # ------------------------------------------------------------------ proof

    def do_sheet(self, job: Message) -> Message:
        """Compute the reference's answers and write the answer sheet."""
        from collections import Counter
        from pathlib import Path

        from harness.lab.worker.answers import (
            answer_of,
            customs,
            empty,
            entries_for_proof,
            unreproducible,
            write_sheet,
        )

        _observe(job)
        _, case, subject = self._load(job)
        compute = answer_of(case, subject)  # the reference, or for one large workload whoever can
        if "n" in job:
            return self._sheet_of_one(job, case, compute)
        self.alive()
        entries = list(entries_for_proof(case, compute, self.alive))
        workloads = [entry for entry in entries if entry.kind == "workload"]
        problem = unreproducible(case, workloads) or empty(workloads)
        if problem:
            return _failure("raised", problem)
        return {
            "warnings": customs(entries),
            "entries": write_sheet(entries, Path(job["sheet"])),
            "largest_n": max((entry.n for entry in workloads), default=0),
            "seeds": max(Counter(entry.workload for entry in workloads).values(), default=0),
            **_observed(job),
        }

    def _sheet_of_one(self, job: Message, case: Case, compute: Callable[[Any], Any]) -> Message:
        from dataclasses import asdict
        from pathlib import Path

        from harness.lab.catalogue import workload_named
        from harness.lab.limits.message import limits_from
        from harness.lab.worker.answers import make_entry, write_sheet
        from harness.lab.worker.crossing import given
        from harness.lab.worker.detectors import bound_seconds
        from harness.model.declared import keywords_of

        workload = workload_named(case, job["workload"])
        if "inputs" in job:  # the other side's, made of our own classes
            workload = given(Path(job["inputs"]), workload)
        entry = make_entry(workload, workload.seed, case, compute)
        if entry.raises:
            return _failure(
                "raised", f"{entry.label}: the reference's outcome is to {entry.answer()}"
            )
        write_sheet([entry], Path(job["sheet"]))
        bound = (
            None
            if job["limits"] is None
            else bound_seconds(case, entry.fresh_arguments(), limits_from(job["limits"]))
        )
        arguments = entry.fresh_arguments()
        keywords = keywords_of(arguments)
        work = None if case.work is None else asdict(case.work(*arguments, **keywords))
        return {"bound_seconds": bound, "work": work, "reference_seconds": entry.reference_seconds}

    def do_inputs(self, job: Message) -> Message:
        """Write one workload's input down, for the other side."""
        from pathlib import Path

        from harness.lab.catalogue import workload_named
        from harness.lab.worker.crossing import packed_in
        from harness.lab.worker.subject import load_case

        _, case = load_case(job)
        packed = packed_in(workload_named(case, job["workload"]).arguments(), None)
        Path(job["inputs"]).write_bytes(packed or b"")
        return {}

    def do_examine(self, job: Message) -> Message:
        """Examine one variant on the whole sheet."""
        from harness.lab.limits.message import limits_from
        from harness.lab.worker.answers import read_sheet
        from harness.lab.worker.examine import Examination, evidence

        _observe(job)
        _, case, subject = self._load(job)
        examination = Examination(
            subject, case, limits_from(job["limits"]), self.alive, quick=job.get("quick", False)
        )
        finding = examination.run(read_sheet(job["sheet"], case))
        return {**evidence(examination, finding), **_observed(job)}

    def do_answer(self, job: Message) -> Message:
        """Answer one entry of the sheet, and nothing else."""
        from harness.lab.worker.answers import read_sheet
        from harness.lab.worker.examine import answer_once

        _, case, subject = self._load(job)
        return answer_once(subject, case, read_sheet(job["sheet"], case)[job["entry"]])

    def do_together(self, job: Message) -> Message:
        """Run several variants one after another in this process: does one spoil another, or the hash seed any?"""
        from harness.lab.worker.answers import read_sheet
        from harness.lab.worker.examine import answer_once

        loaded = [
            (name, *self._load({**job, "variant": name, "handle": job["handles"].get(name)}))
            for name in job["variants"]
        ]
        sheet = read_sheet(job["sheet"], loaded[0][2])
        for name, _, case, subject in loaded:
            for index in job["entries"]:
                if sheet[index].workload in job["gaps"][name]:
                    continue
                self.alive(sheet[index].label)
                said = answer_once(subject, case, sheet[index])
                if not said["agrees"]:
                    return {
                        "variant": name,
                        "entry": index,
                        "difference": said["difference"],
                        "label": sheet[index].label,
                    }
        return {"variant": None}

    def do_probe(self, job: Message) -> Message:
        """Look for any input of the case on which a surviving mutation differs: new seeds, larger sizes."""
        from harness.lab.worker.answers import answer_of
        from harness.lab.worker.examine import first_difference
        from harness.lab.worker.subject import load_subject

        found, case, subject = self._load(job)
        reference = load_subject(
            found, case, {"variant": case.reference, "handle": job.get("handle")}
        )
        self._subjects.append(reference)
        return {
            "difference": first_difference(
                case, subject, answer_of(case, reference), seconds=job["seconds"], alive=self.alive
            )
        }

    # ------------------------------------------------------------------ measurement

    def do_prepare(self, job: Message) -> Message:
        """Import the variant and call it once; what this process measured before is over."""
        from harness.lab.worker.timing import Stopwatch

        self._forget()
        _, case, subject = self._load(job)
        imported = instruments.clock_ns(instruments.SINCE_BOOT)
        entry = self._entry(job, case)
        self._stopwatch = Stopwatch(subject, case, entry.originals(), entry)
        instruments.enable()
        instruments.unfreeze()
        instruments.collect()
        first = self._stopwatch.first_call()
        return {"imported_ns": imported, "first_call_ns": first}

    def do_warm(self, job: Message) -> Message:
        """Warm up and calibrate, while no other process of the block works."""
        assert self._stopwatch is not None
        self._stopwatch.warm_up(job.get("call_seconds"))
        return {
            "loops": self._stopwatch.loops,
            "slice_ns": self._stopwatch.slice_ns,
            "divisible": self._stopwatch.divisible,
        }

    def do_sample(self, job: Message) -> Message:
        """Time one slice."""
        del job
        assert self._stopwatch is not None
        return dict(self._stopwatch.sample())

    def do_check(self, job: Message) -> Message:
        """Compare the answer of the last timed call."""
        from harness.lab.worker.detectors import replaced_clock

        del job
        assert self._stopwatch is not None
        if (finding := replaced_clock()) is not None:
            return _failure(finding.status, finding.message)
        difference = self._stopwatch.check()
        return {
            "difference": None if difference is None else str(difference),
            "kind": "" if difference is None else difference.kind,
        }

    def do_memory(self, job: Message) -> Message:
        """Measure what one call needs, after a first call has compiled what is to be compiled."""
        from harness.lab.worker.memory import measure

        said = self.do_prepare(job)
        assert self._stopwatch is not None
        return {
            **said,
            **measure(self._stopwatch.subject, self._stopwatch.originals),
        }

    # ------------------------------------------------------------------ profiles

    def do_spin(self, job: Message) -> Message:
        """Call the prepared variant over and over, for a profiler that looks from outside."""
        from harness.lab.worker.spinning import spin

        assert self._stopwatch is not None
        return dict(spin(self._stopwatch, job["seconds"], self.alive))

    def do_track(self, job: Message) -> Message:
        """Call the prepared variant once under memray."""
        from harness.lab.worker.spinning import track_memory

        assert self._stopwatch is not None
        return dict(track_memory(self._stopwatch, job["file"]))

    # ------------------------------------------------------------------ gate

    def do_describe(self, job: Message) -> Message:
        """Import a case's declaration: can that be done at all, and does it come to an end?"""
        from harness.lab.worker.subject import load_case

        _, case = load_case(job)
        return {"variants": list(case.variants)}

    def do_observe(self, job: Message) -> Message:
        """Run several variants in a forked child each, and say what each loaded and read."""
        from harness.lab.worker.observing import begin
        from harness.lab.worker.subject import load_case
        from harness.lab.worker.trying import observed_by_each

        begin()
        found, case = load_case(job)
        return {"observed": observed_by_each(found, case, job, self._timeout, self.alive)}

    def do_contest(self, job: Message) -> Message:
        """Load two revisions of a variant side by side, and compare their answers."""
        from harness.lab.worker.pairing import contest

        self._contest = contest(job)
        self._subjects += [self._contest.base.subject, self._contest.head.subject]
        difference = self._contest.difference()
        return {"difference": None if difference is None else str(difference)}

    def do_warm_contest(self, job: Message) -> Message:
        """Warm both sides and the control up, while no other process measures."""
        del job
        assert self._contest is not None
        self._contest.warm_up()
        return {"loops": self._contest.loops}

    def do_control_pairs(self, job: Message) -> Message:
        """Time the control against itself."""
        from harness.lab.worker.pairing import control_pairs

        return {"pairs": control_pairs(job["seed"], job["seconds"])}

    def do_control(self, job: Message) -> Message:
        """Time one slice of the control (of two processes in turn)."""
        from harness.lab.worker.control import Control

        del job
        self._control = self._control or Control()
        return {"ns": self._control.slice()}

    def do_loops(self, job: Message) -> Message:
        """Make slices of as many calls as the other process does."""
        assert self._stopwatch is not None
        self._stopwatch.loops = job["loops"]
        return {}

    def do_count(self, job: Message) -> Message:
        """Call a variant with counting on (under callgrind)."""
        from pathlib import Path

        from harness.lab.gate import shim
        from harness.lab.worker.counting import Dumps, Plan, count

        _, case, subject = self._load(job)
        workload = next(one for one in case.workloads if one.name == job["workload"])
        dumps = Dumps(shim.load(), Path(job["dumps"]))
        counted = count(subject, workload, Plan(job["spin"], job["instructions"]), dumps)
        return {"calls": counted.calls, "instructions": counted.instructions}

    def do_same_inputs(self, job: Message) -> Message:
        """Whether two revisions make equal inputs for all these workloads."""
        from harness.lab.worker.pairing import same_inputs

        return {"same": same_inputs(job)}

    def do_pairs(self, job: Message) -> Message:
        """Time pairs of slices; then compare the answers once more."""
        from harness.lab.worker.pairing import Stint

        assert self._contest is not None
        timed = self._contest.pairs(Stint(job["least_seconds"], job["most_seconds"], job["error"]))
        difference = self._contest.difference()
        return {
            "pairs": timed.pairs,
            "disturbed": timed.disturbed,
            "control": timed.control,
            "difference": None if difference is None else str(difference),
        }

    def do_limits(self, job: Message) -> Message:
        """Measure what this machine can do."""
        from pathlib import Path

        start.pin(libraries=True)  # no code of the user's runs here
        from harness.lab.limits.measuring import measure
        from harness.lab.limits.probe import Effort

        return measure(
            Path(job["folder"]),
            job["workers"],
            Effort(job["repetitions"], job["seconds"], job["more"]),
            alive=self.alive,
        )

    def do_service(self, job: Message) -> Message:
        """Start the service a case needs and hand its address back; it runs until this worker ends."""
        from harness.lab.worker.subject import load_case

        _, case = load_case(job)
        service = case.service_of(job["variant"])
        assert service is not None
        self._service = service()
        return {"handle": self._service.__enter__()}

    # ------------------------------------------------------------------ life

    def _load(self, job: Message) -> tuple[Any, Case, Subject]:
        from harness.lab.worker.subject import load_case, load_subject

        instruments.bind()
        found, case = load_case(job)
        subject = load_subject(found, case, job)
        self._subjects.append(subject)
        return found, case, subject

    def _entry(self, job: Message, case: Case) -> Entry:
        from harness.lab.worker.answers import read_sheet

        return read_sheet(job["sheet"], case)[0]

    def _forget(self) -> None:
        """Let go of what an earlier job left: its pool of processes must not sit beside the next one's."""
        for subject in self._subjects:
            subject.close()
        self._subjects.clear()
        self._stopwatch = None

    def _close(self) -> None:
        self._forget()
        if self._service is not None:
            self._service.__exit__(None, None, None)


def _observe(job: Message) -> None:
    """Note from now on what is imported and read, if the job asks for it."""
    if job.get("observe"):
        from harness.lab.worker import observing

        observing.begin(job["made"])


def _observed(job: Message) -> Message:
    """What was noted, as a field of the answer."""
    if not job.get("observe"):
        return {}
    from harness.lab.worker import observing

    seen = observing.seen()
    ours = job.get("sheet", "")
    return {"observed": {**seen, "read": [file for file in seen["read"] if file != ours]}}


def _memory(limit: int) -> str:
    """The limit, and the most this process had."""
    from harness.model import units

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return f"limit {units.size(limit)}, peak {units.size(peak)}"


def _failure(status: str, message: str) -> Message:
    return {"failed": status, "message": message}


def _beyond(error: PerflabError) -> Message:
    """What the judge cannot compare is its own limit: no variant is charged with it."""
    said = _failure("raised", f"{error.problem}; {error.remedy}")
    return {**said, "beyond": {"problem": error.problem, "remedy": error.remedy}}


def _import_status(error: ImportError) -> str:
    name = error.name or ""
    return "not-built" if name.startswith("extensions") else "unavailable"


def _place(error: BaseException) -> str:
    """Where the variant raised: the innermost frame that is not ours."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if f"{os.sep}harness{os.sep}" not in file:
            place = f" ({os.path.basename(file)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place


def main() -> None:
    """Confine this process, then serve."""
    if FIXED_LAYOUT in sys.argv:
        _begin_again_with_fixed_layout()
    start.take_up_users_path()
    for flag in sys.argv[4:]:
        if flag.startswith(ON_PROCESSORS):
            os.sched_setaffinity(0, set(map(int, flag.removeprefix(ON_PROCESSORS).split(","))))
    jobs, answers, memory_bytes = (int(argument) for argument in sys.argv[1:4])
    del sys.argv[1:]  # a module that reads its arguments when it is imported sees a plain program's
    for descriptor in (jobs, answers):
        os.set_inheritable(descriptor, False)
    _die_with_parent()
    os.register_at_fork(after_in_child=_die_with_parent)
    _untrace()
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(
        ValueError, OSError
    ):  # address space also holds what is only reserved: leave some room
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes + (1 << 30), resource.RLIM_INFINITY))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides when a worker ends
    Server(jobs, answers, memory_bytes).serve()


def _untrace() -> None:
    """Take off what a sitecustomize, a debugger or a coverage tool has hooked into this interpreter: numbers would be 2 to 30 times off."""
    for module in (sys, threading):
        module.settrace(None)  # type: ignore[arg-type]  # threading's None is not in its stub
        module.setprofile(None)  # type: ignore[arg-type]


def _begin_again_with_fixed_layout() -> None:
    """Start this program anew at the same addresses as its twin: what an address does to speed is then alike."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).personality(_ADDR_NO_RANDOMIZE)
    os.execv(
        sys.executable,
        [
            sys.executable,
            "-P",
            "-m",
            "harness.lab.worker",
            *(word for word in sys.argv[1:] if word != FIXED_LAYOUT),
        ],
    )


def _die_with_parent() -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":  # a process that multiprocessing has started anew for a variant
    finder.begin()
