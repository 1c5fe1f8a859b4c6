"""Git runs as the user's git runs: settings by environment are kept, what points elsewhere is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.errors import AskedWrongly
from harness.lab import repository
from harness.lab.repository import Repository, careful_environment, environment, repository_of
from tests.repositories import commit, git


def test_settings_stay_and_pointers_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `git rev-parse --local-env-vars` says, without those that hold settings."""
    kept = {
        "GIT_CONFIG_GLOBAL": "/x", "GIT_CONFIG_NOSYSTEM": "1", "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_SSH_COMMAND": "ssh -v", "GIT_CEILING_DIRECTORIES": "/y", "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        "GIT_CONFIG_PARAMETERS": "'core.pager'='cat'",
    }  # fmt: skip
    local = subprocess.run(
        ["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True
    ).stdout.split()
    pointing = [name for name in local if not name.startswith("GIT_CONFIG_")]
    for name, value in {**dict.fromkeys(pointing, "elsewhere"), **kept}.items():
        monkeypatch.setenv(name, value)
    made = environment()

    assert kept == {name: made[name] for name in kept}
    assert not set(pointing) & set(made)
    assert "GIT_INDEX_FILE" in pointing

    careful = careful_environment()
    assert "safe.directory" == careful["GIT_CONFIG_KEY_0"]
    assert str(1 + len(repository.CAREFUL)) == careful["GIT_CONFIG_COUNT"]
    assert set(repository.CAREFUL) == {
        careful[f"GIT_CONFIG_KEY_{number}"] for number in range(1, 1 + len(repository.CAREFUL))
    }


def test_a_filter_that_needs_the_users_variable_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A required smudge filter that passes under GIT_LFS_SKIP_SMUDGE only: a worktree is made as git makes it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "large.bin").write_text("pointer")
    (folder / ".gitattributes").write_text("*.bin filter=heavy\n")
    head = commit(folder)
    git(folder, "config", "filter.heavy.required", "true")
    git(folder, "config", "filter.heavy.smudge", 'test -n "$GIT_LFS_SKIP_SMUDGE" && cat')
    with pytest.raises(AskedWrongly):
        Repository(folder).run("worktree", "add", "--detach", str(tmp_path / "without"), head)
    monkeypatch.setenv("GIT_LFS_SKIP_SMUDGE", "1")
    Repository(folder).run("worktree", "add", "--detach", str(tmp_path / "with"), head)

    assert "pointer" == (tmp_path / "with" / "large.bin").read_text()


def test_a_hooks_index_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a hook GIT_DIR and GIT_INDEX_FILE point at the commit in progress: we ask the repository itself."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    commit(folder)
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no such index"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))

    assert folder == repository_of(folder).top
    assert not Repository(folder).dirty()


def test_bytecode_is_no_change_of_the_code(tmp_path: Path) -> None:
    """What Python writes beside what we import makes no tree dirty, and is in no copy of it."""
    folder = tmp_path / "repository"
    (folder / "case" / "__pycache__").mkdir(parents=True)
    (folder / "case" / "a.py").write_text("a = 1\n")
    git(tmp_path, "init", "--quiet", str(folder))
    git(folder, "add", "case/a.py")
    git(folder, "commit", "--quiet", "-m", "x")
    (folder / "case" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")
    there = Repository(folder)

    assert not there.dirty()
    assert [] == there.changed_code()
    assert ["case/a.py"] == there.files()
    (folder / "case" / "b.py").write_text("")
    assert ["case/b.py"] == there.changed_code()


def test_distrust_is_said_with_gits_own_remedy() -> None:
    """The command that git names, whole."""
    said = (
        "fatal: detected dubious ownership in repository at '/a b/c'\n"
        "To add an exception for this directory, call:\n\n"
        "\tgit config --global --add safe.directory '/a b/c'\n"
    )
    refused = repository._refused("rev-parse", said)

    assert "git config --global --add safe.directory '/a b/c'" == refused.remedy
    assert "dubious ownership" in refused.problem
