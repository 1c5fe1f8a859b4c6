"""One measurement at a time on this machine: the lock that `run`, `gate` and `limits` hold."""

from __future__ import annotations

from contextlib import AbstractContextManager

import click


def the_machine(*, wait: bool) -> AbstractContextManager[bool]:
    """Hold this machine while measuring; the value is whether nobody else does."""
    return _Lock(wait=wait)


class _Lock:
    """One run at a time on this machine: two would measure each other."""

    def __init__(self, *, wait: bool) -> None:
        from filelock import FileLock

        from harness.lab import places

        self._file = places.cache_folder() / "machine.lock"
        self._lock = FileLock(str(self._file))
        self._wait = wait

    def __enter__(self) -> bool:
        from filelock import Timeout

        from harness.errors import EnvironmentLacks

        try:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                if not self._wait:
                    click.echo(
                        "warning: another run is measuring on this machine; both will be noisier",
                        err=True,
                    )
                    return False
                click.echo(
                    "another run is measuring on this machine; waiting for it (--no-wait goes on at once)",
                    err=True,
                )
                self._lock.acquire()
        except OSError as error:  # a folder of that name, say
            raise EnvironmentLacks(
                f"{self._file} cannot be locked: {error.strerror or error}",
                "remove it, or name another cache: PERFLAB_CACHE=/tmp/perflab",
            ) from None
        return True

    def __exit__(self, *_: object) -> None:
        self._lock.release()
