"""Where indicators and texts come from: a seeded generator of logs, and the standard library's own source."""

from __future__ import annotations

import random
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

WORDS = (
    "acct admin agent alert api app audit auth backup billing blob build cache cdn cloud cluster config core cron data db deploy dev dns "
    "edge events export files gate git graph grid hook host img index ingest job key ldap lib link load log login mail main map media meta "
    "mirror mq net node notify office ops order panel pay pipe portal print prod proxy queue relay repo report rpc sales search secure "
    "server shop sign site sms snap spool sso stage static status stats store stream svc sync team temp ticket token track update user "
    "vault video vpn web wiki work zone"
).split()
TOPS = "com net org info biz io ru cn top xyz club online de fr nl co.uk com.br".split()
SUFFIXES = "exe dll ps1 vbs js php sh so jar docm xlsm zip dat tmp".split()
METHODS = "GET GET GET GET POST POST HEAD PUT".split()
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 Version/17.3 Mobile/15E148 Safari/604.1",
    "curl/7.88.1",
    "python-requests/2.31.0",
    "Go-http-client/1.1",
)
PEOPLE = "root admin alice bob björn chloé deploy erin françois git jenkins mallory oracle postgres test ubuntu www-data zoë".split()
INDICATED = 0.02
"""Share of the lines of a log that hold an indicator."""


def address(source: random.Random) -> str:
    """Return an IPv4 address; half of them come from a dozen networks, as attackers' do."""
    bits = source.getrandbits(32)
    if bits & 1:
        return f"{(45, 91, 185, 193)[bits >> 1 & 3]}.{10 + (bits >> 3) % 3}.{bits >> 8 & 255}.{bits >> 16 & 255}"
    return f"{1 + (bits >> 24) % 223}.{bits >> 16 & 255}.{bits >> 8 & 255}.{bits >> 1 & 255}"


def domain(source: random.Random) -> str:
    """Return a host's name."""
    return f"{source.choice(WORDS)}-{source.choice(WORDS)}{source.randrange(1000)}.{source.choice(TOPS)}"


def url(source: random.Random) -> str:
    """Return a URL with a path of two parts."""
    scheme = "https" if source.random() < 0.5 else "http"
    return f"{scheme}://{domain(source)}/{source.choice(WORDS)}/{source.choice(WORDS)}.{source.choice(SUFFIXES)}"


def file_name(source: random.Random) -> str:
    """Return the name of a file."""
    return f"{source.choice(WORDS)}{source.choice(WORDS)}{source.randrange(100)}.{source.choice(SUFFIXES)}"


def digest(source: random.Random) -> str:
    """Return an MD5 or a SHA-256 in hexadecimal digits."""
    size = 32 if source.random() < 0.5 else 64
    return f"{source.getrandbits(4 * size):0{size}x}"


def mailbox(source: random.Random) -> str:
    """Return an address of a mailbox."""
    return f"{source.choice(WORDS)}.{source.choice(WORDS)}@{domain(source)}"


def vulnerability(source: random.Random) -> str:
    """Return the number of a known vulnerability."""
    return f"CVE-{source.randrange(2010, 2025)}-{source.randrange(1000, 60000)}"


KINDS: tuple[Callable[[random.Random], str], ...] = (
    address,
    address,
    address,
    domain,
    domain,
    url,
    file_name,
    digest,
    digest,
    mailbox,
    vulnerability,
)


def indicators(n: int, seed: int) -> list[bytes]:
    """Invent ``n`` distinct indicators of 7 to 64 bytes, and a few URLs that are longer."""
    source = random.Random(seed)
    made: dict[bytes, None] = {}
    while len(made) < n:
        made[source.choice(KINDS)(source).encode()] = None
    return list(made)


def logs(size: int, seed: int, planted: list[bytes]) -> bytes:
    """Return ``size`` bytes of log lines, some of them with one of the planted indicators; the last line may be cut."""
    source = random.Random(~seed)
    lines: list[bytes] = []
    written = 0
    while written < size:
        line = _line(source, written)
        if planted and source.random() < INDICATED:
            line += b" ioc=" + source.choice(planted)
        lines.append(line)
        written += len(line) + 1
    lines.append(b"")
    return b"\n".join(lines)[:size]


def _line(source: random.Random, clock: int) -> bytes:
    """Return one line: half of them a web server's, the others from a resolver, a shell, a scanner of files and a mail server."""
    at = f"2024-03-17T{clock // 36_000_000 % 24:02}:{clock // 600_000 % 60:02}:{clock // 10_000 % 60:02}.{source.randrange(1000):03}Z"
    host = f"{source.choice(WORDS)}-{source.randrange(40):02}"
    kind = source.randrange(8)
    if kind < 4:
        request = f"{source.choice(METHODS)} /{source.choice(WORDS)}/{source.choice(WORDS)}?id={source.randrange(10**6)} HTTP/1.1"
        answered = f"{source.choice((200, 200, 200, 304, 404, 500))} {source.randrange(10**5)}"
        said = f'nginx[{source.randrange(4000)}]: {address(source)} - - "{request}" {answered} "{source.choice(AGENTS)}"'
    elif kind == 4:
        said = f"named[812]: client {address(source)}#{source.randrange(1024, 65536)}: query: {domain(source)} IN A +E(0)"
    elif kind == 5:
        said = f"sshd[{source.randrange(40000)}]: Failed password for {source.choice(PEOPLE)} from {address(source)} port {source.randrange(65536)} ssh2"
    elif kind == 6:
        said = f"edr[77]: pid={source.randrange(40000)} image=/usr/lib/{source.choice(WORDS)}/{file_name(source)} sha256={source.getrandbits(256):064x}"
    else:
        said = f"postfix/smtpd[{source.randrange(9999)}]: from=<{mailbox(source)}> size={source.randrange(10**6)} relay={domain(source)}"
    # what is not ASCII is UTF-8 here and Latin-1 there, as in logs of many programs
    return f"{at} {host} {said}".encode("latin-1" if kind == 5 and source.random() < 0.5 else "utf-8")


@cache
def library_source() -> bytes:
    """Return the source of the standard library's top-level modules, one after the other in the order of their names."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    return b"".join(file.read_bytes() for file in sorted(folder.glob("*.py")))


def phrases(text: bytes, n: int, seed: int) -> list[bytes]:
    """Return ``n`` pieces of 5 to 24 bytes: half of them stand in the text, half have one byte changed."""
    source = random.Random(seed)
    return [_misspelt(source, piece) if number % 2 else piece for number, piece in enumerate(_pieces(source, text, n))]


def _pieces(source: random.Random, text: bytes, n: int) -> Iterator[bytes]:
    """Yield pieces that begin with a letter, or the search would be one for blanks."""
    made = 0
    while made < n:
        start = source.randrange(len(text) - 24)
        if text[start : start + 1].isalpha():
            made += 1
            yield text[start : start + source.randint(5, 24)]


def _misspelt(source: random.Random, piece: bytes) -> bytes:
    place = source.randrange(len(piece))
    return piece[:place] + bytes([source.randrange(97, 123)]) + piece[place + 1 :]
