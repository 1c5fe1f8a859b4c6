"""Mechanical mutants are all different from the source, and valid."""

from __future__ import annotations

import ast

from harness.lab.mutation import _mutated, mutations_of

SOURCE = '''
"""Doc."""
def total(xs, k):
    """Doc."""
    found = 0
    for x in xs:
        if x < k and not x == 3:
            found += x * 2
        else:
            continue
    return -found
'''


def test_every_kind_of_change_is_made() -> None:
    """Comparisons, constants, operators, conditions and statements are all touched."""
    said = {mutation.what for mutation in mutations_of(SOURCE)}

    assert {
        "Lt -> LtE",
        "Eq -> NotEq",
        "2 -> 3",
        "2 -> 1",
        "Mult -> Add",
        "Add -> Sub",
        "and <-> or",
        "drop Not",
        "drop USub",
        "drop AugAssign at line 8",
    } <= said


def test_each_mutant_is_another_program_that_compiles() -> None:
    """No mutant is the original, no two are the same, each compiles."""
    original = ast.unparse(ast.parse(SOURCE))
    texts = [ast.unparse(tree) for _, tree in _mutated(ast.parse(SOURCE))]
    for text in texts:
        compile(text, "mutant", "exec")

    assert original not in texts
    assert len(set(texts)) == len(texts)


def test_annotations_that_nobody_evaluates_are_left_alone() -> None:
    """No check could refuse such a mutant; where annotations are evaluated, or read by a framework, one could."""
    source = "class Pair:\n    z: G | H\n\ndef half(x: A | B) -> C & D:\n    y: E | F\n    return x // 2\n"

    def bits(text: str) -> list[str]:
        return sorted(mutation.what for mutation in mutations_of(text) if "Bit" in mutation.what)

    assert bits(source) == ["BitAnd -> BitOr", "BitOr -> BitAnd", "BitOr -> BitAnd"]
    assert bits("from __future__ import annotations\n" + source) == ["BitOr -> BitAnd"]
