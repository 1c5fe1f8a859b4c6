"""``python -m harness verify CASE...``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.errors import ExitCode, gravest
from harness.lab import catalogue, outputs
from harness.model.declared import ENDED, NOT_EQUIVALENT, Status
from harness.model.measured import Certificate

if TYPE_CHECKING:
    from harness.lab.proof import Mutants
    from harness.show.documents import MutantsDocument, Verified

LEAST_REJECTED = 0.98
"""Share of the mechanical mutants that differ anywhere which a case's own check must refuse."""


@click.command("verify")
@click.argument("cases", nargs=-1, metavar="[CASE]...", shell_complete=options.complete_cases)
@options.variants
@click.option("--fresh", is_flag=True, help="Examine again what has a valid certificate.")
@click.option("--mutants", is_flag=True, help="Also: every hand-written mutant must be refused.")
@click.option(
    "--mechanical",
    is_flag=True,
    help="Also: mutate the reference mechanically; 98 % of what differs must be refused.",
)
@options.timeout
@options.memory
@options.json_to
@options.quiet
def command(
    cases: tuple[str, ...], variants: tuple[str, ...], fresh: bool, mutants: bool, mechanical: bool, timeout: float, memory: int, json_to: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Prove that every variant of a case equals its reference; without a name, of every case.

    On every size up to a cap, several seeds, adversarial inputs and generated examples, and against the
    mistakes that fool benchmarks: changed, lazy, cached, aliased, drifting, random or unfinished answers.
    """
    from harness.show import documents

    names = cases or tuple(catalogue.find_cases())
    verified = []
    for name in names:
        found = catalogue.find_case(name)
        one = _verify(
            found,
            variants,
            fresh=fresh,
            mutants=mutants,
            mechanical=mechanical,
            timeout=timeout,
            memory=memory,
            quiet=quiet,
        )
        verified.append(one)
        if json_to != "-":
            _show(one)
    if json_to:
        options.write_json(documents.verify_bytes(verified), json_to)
    raise click.exceptions.Exit(int(gravest(one.exit_code for one in verified)))


def _verify(
    found: catalogue.Found,
    variants: Sequence[str],
    *,
    fresh: bool,
    mutants: bool,
    mechanical: bool,
    timeout: float,
    memory: int,
    quiet: bool,
) -> Verified:
    from harness.lab import building, weeding
    from harness.lab.proof import Prover
    from harness.lab.sources import Watch
    from harness.lab.supervisor import Confines
    from harness.show.documents import Verified
    from harness.show.progress import reporter

    case = found.load()
    wanted = catalogue.pick_variants(case, variants)
    needed = {building.LIMITS, *building.bodies(found, wanted)}
    building.provide(needed, options.teller(quiet=quiet))
    watch = Watch(found, case, wanted)
    weeding.weed(found.name)
    with (
        reporter(quiet=quiet, workloads=1, budget_seconds=0) as shown,
        Prover(found, case, Confines(timeout, memory)) as prover,
    ):

        def tell(name: str) -> None:
            shown.step(f"{found.name} proving {name}")

        certificates = list(
            prover.certificates(wanted, tell=tell, fresh=fresh, watch=watch).values()
        )
        hand = prover.mutants(tell=tell) if mutants else None
        changed = (
            prover.mechanical(tell=lambda name: shown.step(f"{found.name} mutating {name}"))
            if mechanical
            else None
        )
    codes = [_code(certificate) for certificate in certificates]
    codes += [ExitCode.WRONG_ANSWER for outcome in (hand,) if outcome and outcome.survivors]
    codes += [
        ExitCode.WRONG_ANSWER
        for outcome in (changed,)
        if outcome and _share(outcome) < LEAST_REJECTED
    ]
    return Verified(found.name, certificates, gravest(codes), _document(hand), _document(changed))


def _code(certificate: Certificate) -> ExitCode:
    if certificate.status is Status.OK:
        return ExitCode.OK
    return ExitCode.WRONG_ANSWER if certificate.status in NOT_EQUIVALENT else ExitCode.NOT_MEASURED


def _share(outcome: Mutants | MutantsDocument) -> float:
    differing = outcome.total - outcome.alike
    return outcome.rejected / differing if differing else 1.0


def _document(outcome: Mutants | None) -> MutantsDocument | None:
    from harness.show.documents import MutantsDocument

    return (
        None
        if outcome is None
        else MutantsDocument(outcome.total, outcome.rejected, outcome.alike, outcome.survivors)
    )


def _show(verified: Verified) -> None:
    from harness.show.text import clean

    for certificate in verified.certificates:
        evidence = certificate.evidence
        line = f"{certificate.case} {certificate.variant}: {certificate.status}"
        if certificate.status is Status.OK:
            line += f" ({certificate.verdict}; {evidence.inputs} inputs up to n = {evidence.largest_n}, {evidence.hash_seeds} hash seeds, {evidence.repeats} repeats; {evidence.relation})"
        else:
            line += f": {evidence.finding}: {evidence.message}"
        click.echo(clean(line))
        if certificate.status in ENDED and (
            path := outputs.kept(certificate.case, certificate.variant)
        ):
            click.echo(f"  what it printed last, and where it was: {path}")
        for warning in evidence.warnings:
            click.echo(f"  warning: {clean(warning)}")
    for what, outcome in (("hand-written", verified.mutants), ("mechanical", verified.mechanical)):
        if outcome is not None:
            alike = f", {outcome.alike} differ nowhere" if outcome.alike else ""
            click.echo(
                f"{verified.case} {what} mutants: {outcome.rejected} of {outcome.total - outcome.alike} refused ({_share(outcome):.1%}){alike}"
            )
            for survivor in outcome.survivors:
                click.echo(clean(f"  survived: {survivor}"))
