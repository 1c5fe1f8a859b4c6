"""Proves variants equivalent to the reference: certificates, kept while the digests agree."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from functools import reduce
from hashlib import sha256
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

from harness.errors import BadCase, Changed, NotBuilt
from harness.lab import depending, mutation, outputs, places, sources
from harness.lab.closure import follow
from harness.lab.machine import machine_limits, this_machine
from harness.lab.supervisor import TAIL_BYTES, Confines, Ending, Worker, processors
from harness.lab.worker.observing import made_in
from harness.model import units
from harness.model.declared import Proof, Status
from harness.model.depended import Dependencies
from harness.model.measured import Certificate, Evidence

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.lab.frames import Message
    from harness.model.declared import Case

HASH_SEEDS = (1, 2, 3, 4)
"""Beside seed 0, under which everything is examined."""
_TOGETHER_ENTRIES = 12
_PROBE_SECONDS = 4.0
_MUTATION_SECONDS = 5.0
"""An endless loop is a common mechanical mutant: it need not wait as long as an honest variant may."""
Told: TypeAlias = Callable[[str], None]
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to be examined: a variant, a hand-written mutant, or a mechanical mutation of a variant."""

    name: str
    mutant: bool = False
    mutation: int | None = None

    def job(self) -> Message:
        """The fields that name it in a job."""
        return {"variant": self.name, "mutant": self.mutant, "mutation": self.mutation}


@dataclass(frozen=True, slots=True)
class Sheet:
    """An answer sheet on disk."""

    path: Path
    entries: int
    largest_n: int
    seeds: int
    customs: tuple[str, ...] = ()
    """What the reference does on some inputs that a reader should know of."""


@dataclass(frozen=True, slots=True)
class Mutants:
    """How many wrong implementations the case's own check refused."""

    total: int
    rejected: int
    survivors: tuple[str, ...]
    """Those that differ from the reference somewhere and were not refused."""
    alike: int
    """Those that differ nowhere on the case's inputs (mechanical ones only)."""


def _variant(case: Case, candidate: Candidate) -> str:
    """The variant whose service a candidate talks to: a mutant imitates the reference."""
    return candidate.name if candidate.name in case.variants else case.reference


def where(found: Found) -> Message:
    """The fields by which a worker finds the case."""
    return {
        "name": found.name,
        "module": found.module,
        "folder": str(found.folder),
        "origin": found.origin,
        "search_path": found.search_path,
        "tree": None if found.tree is None else asdict(found.tree),
    }


class Prover:
    """Examines candidates of one case; use it as a context manager, since services run meanwhile."""

    def __init__(self, found: Found, case: Case, confines: Confines) -> None:
        self.found = found
        self.case = case
        self.confines = confines
        self._open = ExitStack()
        self._services = Services(found, case, confines)
        self._sheet: Sheet | None = None
        self._judged_by = Dependencies()
        self._at_work: set[Worker] = set()
        self._numba: dict[str, str] = {}
        self._depends: dict[str, Dependencies] = {}
        """What was observed, by variant; of the reference also what making its answers needed."""

    def __enter__(self) -> Self:
        self._folder = Path(
            self._open.enter_context(tempfile.TemporaryDirectory(prefix="perflab-"))
        )
        self._open.enter_context(self._services)
        self._limits = machine_limits(this_machine())
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def certificates(
        self,
        variants: Sequence[str],
        *,
        tell: Told,
        fresh: bool = False,
        watch: sources.Watch | None = None,
    ) -> dict[str, Certificate]:
        """Return a certificate for each variant; those whose digests agree are read, the others made.

        Args:
            variants: their names.
            tell: is told whose turn it is.
            fresh: make all of them anew.
            watch: on the sources, since the case was read; None: from now on.

        Raises:
            Changed: a source was changed meanwhile: nobody knows which of the two programs was examined.
        """
        known = (
            {}
            if fresh
            else {name: kept for name in variants if (kept := _read(self.found, self.case, name))}
        )
        missing = [name for name in variants if name not in known]
        if missing:
            watch = watch or sources.Watch(self.found, self.case, missing)
            made = self._prove(missing, tell)
            watch.forgive(made_in(self._folder / "made"))
            for name, depends in self._depends.items():
                watch.learn(name, depends)
            if changed := watch.changed():
                raise Changed(
                    f"the sources of {changed} were changed while they were proven",
                    "try again when they are at rest",
                )
            for certificate in made.values():
                self._keep(certificate)
            self._hand_on_kernels()
            known |= made
        return {name: known[name] for name in variants}

    def _keep(self, certificate: Certificate) -> None:
        """Keep what was proven, with what it depends on; a refusal, or what cannot be followed, is always examined anew."""
        depends = self._depends.get(certificate.variant)
        if certificate.status is Status.OK and depends is not None and not depends.beyond:
            depending.keep(self.found, certificate.variant, depends)
            _write(certificate)
            return
        for digest in (certificate.digest, self._kept_digest(certificate.variant)):
            with suppress(OSError):  # what was proven before is not proven any more
                _file(self.found.name, certificate.variant, digest).unlink()

    def _kept_digest(self, variant: str) -> str:
        return sources.variant_digest(self.found, self.case, variant)

    def _kernels(self) -> dict[str, str]:
        """Where this proof keeps Numba's kernels: a folder of its own while somebody's dependencies are not known."""
        if not self._numba:
            known = depending.kept_here(self.found)
            variants = {str(self.found.source(name)) for name in self.case.variants}
            if self.found.tree is None and variants & set(map(str, _unseen(self.found, known))):
                private = self._folder / "kernels"
                private.mkdir(exist_ok=True)
                self._numba = {"NUMBA_CACHE_DIR": str(private)}
            else:
                self._numba = numba_cache(self.found)
        return self._numba

    def _hand_on_kernels(self) -> None:
        """What was compiled for this proof is there for the runs that follow, now that it is known what it depends on."""
        private = self._folder / "kernels"
        if private.is_dir() and any(private.iterdir()) and depending.kept_here(self.found):
            kept = Path(numba_cache(self.found)["NUMBA_CACHE_DIR"])
            shutil.copytree(private, kept, dirs_exist_ok=True)

    def _prove(self, names: Sequence[str], tell: Told) -> dict[str, Certificate]:
        certificates = self.examine([Candidate(name) for name in names], tell=tell)
        passed = [name for name in names if _answers(certificates[Candidate(name)])]
        if passed:
            tell("together, under other hash seeds")
            certificates |= self._together(passed, certificates)
        return {candidate.name: certificate for candidate, certificate in certificates.items()}

    def examine(
        self, candidates: Sequence[Candidate], *, tell: Told
    ) -> dict[Candidate, Certificate]:
        """Examine each candidate in a process of its own, as many at a time as there are processors."""
        self._services.start(
            [self.case.reference, *(_variant(self.case, candidate) for candidate in candidates)]
        )
        sheet = self.sheet()

        def one(candidate: Candidate) -> tuple[Candidate, Certificate]:
            tell(candidate.name)
            return candidate, self._one(candidate, sheet)

        return dict(self._side_by_side(one, candidates))

    def _side_by_side(self, one: Callable[[T], U], those: Iterable[T]) -> list[U]:
        """As many at a time as there are processors; who interrupts us does not wait for what is at work."""
        with ThreadPoolExecutor(max(1, processors())) as pool:
            try:
                return list(pool.map(one, those))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in list(self._at_work):
                    worker.hasten()
                raise

    def need_services(self, variants: Sequence[str]) -> None:
        """Start what these variants talk to."""
        self._services.start(variants)

    def judged_by(self, sheet: Sheet, candidate: Candidate) -> Certificate:
        """Examine one candidate by another revision's answer sheet."""
        self._services.start([_variant(self.case, candidate)])
        return self._one(candidate, sheet)

    def mutants(self, *, tell: Told) -> Mutants:
        """Examine every hand-written mutant."""
        made = self.examine(
            [Candidate(name, mutant=True) for name in self.found.mutants()], tell=tell
        )
        survivors = tuple(
            candidate.name
            for candidate, certificate in made.items()
            if certificate.status is Status.OK
        )
        return Mutants(len(made), len(made) - len(survivors), survivors, 0)

    def mechanical(self, *, tell: Told) -> Mutants:
        """Mutate the reference mechanically; a survivor counts unless no input of the case tells it from the reference."""
        mutations = mutation.mutations_of(self.found.source(self.case.reference).read_bytes())
        candidates = [
            Candidate(self.case.reference, mutation=index) for index in range(len(mutations))
        ]
        made = self.examine(candidates, tell=tell)
        survivors, alike = [], 0
        for candidate, certificate in made.items():
            if certificate.status is not Status.OK:
                continue
            assert candidate.mutation is not None
            tell(f"survivor {candidate.mutation}")
            said = self._ask(candidate, {"do": "probe", "seconds": _PROBE_SECONDS})
            if said.get("difference") is None and "failed" not in said:
                alike += 1
            else:
                change = mutations[candidate.mutation]
                survivors.append(
                    f"line {change.line}: {change.what} ({said.get('difference') or said.get('message')})"
                )
        return Mutants(len(made), len(made) - len(survivors) - alike, tuple(survivors), alike)

    def sheet(self) -> Sheet:
        """The reference's answers, computed once."""
        if self._sheet is None:
            path = self._folder / "answers"
            said = self._ask(
                Candidate(self.case.reference),
                {"do": "sheet", "sheet": str(path), "observe": True},
            )
            if "failed" in said:
                raise BadCase(
                    f"case {self.found.name}: the reference {self.case.reference!r} cannot be the judge: {said['message']}",
                    "mend the reference or the input",
                )
            customs = tuple(said.get("warnings", ()))
            self._sheet = Sheet(path, said["entries"], said["largest_n"], said["seeds"], customs)
            self._judged_by = self._observed(said)
        return self._sheet

    def _observed(self, said: Message) -> Dependencies:
        """What a worker observed, if it says so."""
        if "observed" not in said:
            return Dependencies(beyond="it was not observed")
        depends = depending.observed(said["observed"])
        own = str(self.found.folder)  # the lab looks there for the variants' files
        return replace(depends, listed=tuple(one for one in depends.listed if one != own))

    def _ask(self, candidate: Candidate, job: Message, *, hash_seed: int = 0) -> Message:
        """Ask a fresh process; an ending becomes a failure message, strays become one too."""
        service = self._services.job(_variant(self.case, candidate))
        if "failed" in service:
            return service
        job = {
            "case": where(self.found),
            "limits": self._limits,
            **candidate.job(),
            **service,
            **job,
            "made": str(self._folder / "made"),
        }
        log = outputs.file_of(self.found.name, candidate.name)
        with Worker(
            self.confines, hash_seed=hash_seed, environment=self._kernels(), log=log
        ) as worker:
            self._at_work.add(worker)
            try:
                said = worker.ask(
                    job,
                    timeout=None
                    if candidate.mutation is None
                    else min(_MUTATION_SECONDS, self.confines.timeout_seconds),
                )
            except Ending as ending:
                return failure(ending.status, ending.message)
            finally:
                self._at_work.discard(worker)
            strays = worker.finish()
        if beyond := said.get("beyond"):
            raise BadCase(
                f"case {self.found.name}, {candidate.name}: {beyond['problem']}", beyond["remedy"]
            )
        if strays and "failed" not in said:
            return failure(Status.KILLED, f"left {strays} process(es) running; they were killed")
        if worker.printed > TAIL_BYTES:
            flood = f"prints {units.size(worker.printed)}: of each process the last {units.size(TAIL_BYTES)} are kept"
            said["warnings"] = [*said.get("warnings", ()), flood]
        return said

    def _one(self, candidate: Candidate, sheet: Sheet) -> Certificate:
        if not candidate.mutant and candidate.mutation is None:
            try:
                sources.require_build(self.found, candidate.name)
            except NotBuilt as error:
                return self._certificate(
                    candidate, failure(Status.NOT_BUILT, f"{error.problem}: {error.remedy}"), sheet
                )
        ours = not candidate.mutant and candidate.mutation is None
        said = self._ask(
            candidate,
            {
                "do": "examine",
                "sheet": str(sheet.path),
                "quick": candidate.mutation is not None,
                "observe": ours,
            },
        )
        if ours:
            self._depends[candidate.name] = (
                sources.followed(self.found, self.case, candidate.name)
                | self._observed(said)
                | self._judged_by
            )
        if (
            said.get("status") == Status.WRONG_ANSWER
            and said["finding"] != "invariant"
            and candidate.mutation is None
        ):
            said |= self._why_wrong(candidate, sheet, said)
        return self._certificate(candidate, said, sheet)

    def _why_wrong(self, candidate: Candidate, sheet: Sheet, said: Message) -> Message:
        """Ask the failed entry of fresh processes: wrong, random, or wrong only after earlier calls?"""
        job = {"do": "answer", "sheet": str(sheet.path), "entry": said["failed_entry"]}
        answers = [self._ask(candidate, job, hash_seed=seed) for seed in (0, *HASH_SEEDS)]
        if any("failed" in answer for answer in answers):
            return {}
        different = len({answer["digest"] for answer in answers})
        right = sum(answer["agrees"] for answer in answers)
        if right == len(answers):
            return {
                "status": Status.DRIFTED,
                "finding": "drifting",
                "message": f"right in a fresh process, but after {said['inputs'] - 1} calls: {said['message']}",
            }
        if different > 1:
            message = f"{different} different answers in {len(answers)} runs with PYTHONHASHSEED 0..{len(answers) - 1}: {said['message']}"
            return {
                "status": Status.NONDETERMINISTIC,
                "finding": "nondeterministic",
                "message": message,
            }
        return {}

    def _together(
        self, passed: list[str], certificates: dict[Candidate, Certificate]
    ) -> dict[Candidate, Certificate]:
        """Run all variants in one process, forwards and backwards, each under another hash seed."""
        sheet = self.sheet()
        entries = list(range(min(_TOGETHER_ENTRIES, sheet.entries)))

        def one(number: int) -> tuple[int, Message]:
            names = passed if number % 2 else passed[::-1]
            job = {
                "do": "together",
                "sheet": str(sheet.path),
                "variants": names,
                "entries": entries,
                "gaps": {name: certificates[Candidate(name)].gaps for name in names},
                "handles": {name: self._services.job(name).get("handle") for name in names},
            }
            return number, self._ask(
                Candidate(self.case.reference), job, hash_seed=HASH_SEEDS[number]
            )

        changed: dict[Candidate, Certificate] = {}
        for number, said in self._side_by_side(one, range(len(HASH_SEEDS))):
            if said.get("variant"):
                candidate = Candidate(said["variant"])
                changed.setdefault(
                    candidate,
                    self._spoiled(candidate, said, HASH_SEEDS[number], certificates[candidate]),
                )
        return changed

    def _spoiled(
        self, candidate: Candidate, said: Message, hash_seed: int, certificate: Certificate
    ) -> Certificate:
        alone = self._ask(
            candidate,
            {"do": "answer", "sheet": str(self.sheet().path), "entry": said["entry"]},
            hash_seed=hash_seed,
        )
        if alone.get("agrees"):
            status, word, why = (
                Status.WRONG_ANSWER,
                "shared-state",
                "right alone, wrong after the other variants ran in the same process",
            )
        else:
            status, word, why = (
                Status.NONDETERMINISTIC,
                "nondeterministic",
                f"right under PYTHONHASHSEED=0, wrong under {hash_seed}",
            )
        evidence = replace(
            certificate.evidence,
            finding=word,
            message=f"{said['label']}: {why}: {said['difference']}",
        )
        return replace(
            certificate, verdict=Proof.NOT_EQUAL, status=status, evidence=evidence, gaps=()
        )

    def _certificate(self, candidate: Candidate, said: Message, sheet: Sheet) -> Certificate:
        status = Status(said.get("failed") or said["status"])
        gaps = said.get("gaps", {}) if status is Status.OK else {}
        if gaps:
            status = Status.RAISED
            said = {**said, "message": f"{'; '.join(gaps.values())}; right on all other inputs"}
        of_reference = candidate == Candidate(self.case.reference)
        evidence = Evidence(
            relation=self.case.relation(candidate.name).describe(),
            inputs=said.get("inputs", 0),
            largest_n=sheet.largest_n,
            seeds=sheet.seeds,
            hash_seeds=1 + len(HASH_SEEDS),
            repeats=said.get("repeats", 0),
            invariants=len(self.case.invariants),
            finding=said.get("finding", "") or ("" if status is Status.OK else str(status)),
            message=said.get("message", ""),
            warnings=(*said.get("warnings", ()), *(sheet.customs if of_reference else ())),
        )
        proof = (
            Proof.NOT_EQUAL
            if status is not Status.OK
            else Proof.REFERENCE
            if of_reference
            else Proof.EQUAL
        )
        digest = (
            ""
            if candidate.mutant or candidate.mutation is not None
            else self._digest(candidate.name)
        )
        return Certificate(
            self.found.name, candidate.name, proof, status, digest, evidence, tuple(gaps)
        )

    def _digest(self, variant: str) -> str:
        depends = self._depends.get(variant)
        if depends is None:
            return sources.variant_digest(self.found, self.case, variant)
        return sources.digest_of(self.found, self.case, depends)


class Services:
    """The services of a case, each in a supervised process of its own, torn down whatever happens.

    Start them from the main thread: a worker dies with the thread that started it.
    """

    def __init__(self, found: Found, case: Case, confines: Confines) -> None:
        self._found = found
        self._case = case
        self._confines = confines
        self._workers: list[Worker] = []
        self._said: dict[int, Message] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.finish()
        self._workers.clear()
        self._said.clear()

    def start(self, variants: Iterable[str]) -> None:
        """Start whatever these variants need and does not run yet."""
        for variant in variants:
            service = self._case.service_of(variant)
            if service is None or id(service) in self._said:
                continue
            worker = Worker(self._confines)
            self._workers.append(worker)
            try:
                self._said[id(service)] = worker.ask(
                    {"do": "service", "case": where(self._found), "variant": variant}
                )
            except Ending as ending:
                self._said[id(service)] = failure(
                    ending.status, f"its service did not start: {ending.message}"
                )

    def job(self, variant: str) -> Message:
        """The handle of the service that ``variant`` talks to, or the failure to start it."""
        service = self._case.service_of(variant)
        return {"handle": None} if service is None else self._said[id(service)]


def _answers(certificate: Certificate) -> bool:
    """Whether what it answers, if it answers, is right."""
    return certificate.status is Status.OK or bool(certificate.gaps)


def failure(status: Status, message: str) -> Message:
    """What a worker would have said, had it been able to."""
    return {"failed": str(status), "message": message}


def numba_cache(found: Found) -> dict[str, str]:
    """Numba notices neither changed imports nor another referee: each state of what the case's variants depend on has a folder of its own.

    It is asked for with every process that is started: while no file and no folder of the set has another stamp, the answer is the last one.
    """
    last = _NUMBA.get(found.folder)
    now = _stamps(found, () if last is None else last.files)
    if last is None or last.stamps != now:
        last = _NUMBA[found.folder] = _kernels_of(found)
    return {"NUMBA_CACHE_DIR": str(places.cache_folder("numba", last.name))}


@dataclass(frozen=True, slots=True)
class _Kernels:
    """A state of a case's dependencies, and the name of the folder for its kernels."""

    name: str
    files: tuple[str, ...]
    stamps: tuple[object, ...]


_NUMBA: dict[Path, _Kernels] = {}


def _kernels_of(found: Found) -> _Kernels:
    known = depending.kept_here(found)
    files: set[Path] = set()
    if unseen := _unseen(found, known):
        files = follow(unseen, found.tree or sources.own_tree(found)).files
    every = reduce(or_, known, Dependencies(modules=tuple(sorted(map(str, files)))))
    stamps = _stamps(found, every.files)
    whole = depending.digest(every, depending.search_folders(found))
    name = sha256(f"{depending.place_of(found)} {whole}".encode()).hexdigest()[:16]
    return _Kernels(f"{found.name}-{name}", every.files, stamps)


def _stamps(found: Found, files: Sequence[str]) -> tuple[object, ...]:
    """Of the files with their folders, and of what is known of the case: a new name in a folder changes its stamp."""
    folders = {str(Path(file).parent) for file in files}
    known = places.cache_folder("observed", found.name)
    return (
        os.environ.get("PYTHONPATH"),
        found.tree and found.tree.root,
        str(known),
        *map(depending.stamp, (str(found.folder), str(known), *files, *sorted(folders))),
    )


def _unseen(found: Found, known: Iterable[Dependencies]) -> list[Path]:
    """The case's own modules that nothing was observed to import."""
    seen = {file for depends in known for file in depends.modules}
    return [file for file in sources.own_modules(found) if str(file) not in seen]


def _file(case: str, variant: str, digest: str) -> Path:
    return places.cache_folder("certificates", case) / f"{variant}-{digest}.json"


def _read(found: Found, case: Case, variant: str) -> Certificate | None:
    """Return the kept certificate of these very sources, if it says OK and its build is current."""
    import msgspec

    with suppress(OSError, msgspec.DecodeError, NotBuilt):
        if depending.kept(found, variant) is None:
            return None
        sources.require_build(found, variant)
        data = _file(found.name, variant, sources.variant_digest(found, case, variant)).read_bytes()
        return msgspec.json.decode(data, type=Certificate)
    return None


def _write(certificate: Certificate) -> None:
    import msgspec

    places.write_whole(
        _file(certificate.case, certificate.variant, certificate.digest),
        msgspec.json.encode(certificate),
    )
