"""Take out what looks like a secret before it is kept, logged or shown (threat T17). Pure.

Three ways to notice one: by its name (`password`, `api_key`), by its shape (`xoxb-…`, `AKIA…`, a private key), and by
being long and random. Digests, UUIDs, trace ids and pod names stay: they are evidence. A number under a name like
`token_rate` stays, too. What none of the three notices stays: an everyday word as a password under an innocent name.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

HIDDEN = "•••"

_SECRET_NAME = re.compile(
    r"pass(?:word|wd|phrase|code)|secret|credential|cookie|authori[sz]ation|private_?-?key", re.IGNORECASE
)
_KEY_NAME = re.compile(r"token(?!s)|(?:api|access|routing|signing|encryption)_?-?key|session_?-?id", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[\d.,]{1,12}(?: ?%)?")
_SHAPE = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"xox[abeoprs]-[\w-]{8,}|xapp-[\w-]{8,}"  # Slack
    r"|gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"  # GitHub, GitLab
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{30,}"  # AWS, Google
    r"|sk-[\w-]{20,}|[rs]k_(?:live|test)_\w{10,}|hf_\w{20,}|npm_\w{30,}|pypi-[\w-]{16,}"  # model vendors, packages
    r"|SG\.[\w-]{10,}\.[\w-]{10,}|AGE-SECRET-KEY-1\w{10,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*"  # JSON Web Token
    r")"
    r"|(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]{10,}"
    r"|(?<=://)[^/\s:@]{0,100}:[^/\s@]{1,200}(?=@)"  # user:password in an address
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_BEARER = re.compile(r"\b(bearer|basic)( +|%20|\+)[\w.~+/=-]{8,}", re.IGNORECASE)
_PAIR = re.compile(
    r"""(?ix)
    ( (?: pass(?:word|wd|phrase) | secret | token(?!s) | (?:api|access|routing|signing)_?-?key | credential )
      [\w-]{0,40} \\? ["']? \s{0,3} (?: [:=] | %3[ad] ) \s{0,3} )
    ( \\? "[^"]*" | '[^']*' | [^\s,;&}"']+ )
    """
)
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
_PLAIN = re.compile(r".{0,5}|[^:=%]{0,12}|[A-Za-z]{0,19}", re.DOTALL)
"""Too short, or too plain, for any of the patterns above: most labels. A storm brings fifty of them with each alert."""
LONGEST_KEPT = 100
"""Alerts have the same few names, so what these are is kept. A longer one is a sender's invention: it would be held as
long as it is, up to a whole body each."""


def text(written: str) -> str:
    """Return a text with everything that looks like a secret hidden."""
    if _PLAIN.fullmatch(written):
        return written
    written = _SHAPE.sub(HIDDEN, written)
    if "earer" in written or "asic" in written or "BEARER" in written or "BASIC" in written:
        written = _BEARER.sub(rf"\g<1>\g<2>{HIDDEN}", written)
    if "=" in written or ":" in written or "%3" in written:
        written = _PAIR.sub(_hide_pair, written)
    return _LONG.sub(_hide_random, written)


def mapping(values: Mapping[str, str]) -> dict[str, str]:
    """Return labels or annotations with secrets hidden, by their names or by how they look."""
    return {text(name): _named(name, value) for name, value in values.items()}


def value(of: Any) -> Any:
    """Return a JSON value with secrets hidden wherever they stand in it; equal to what came if there are none."""
    if isinstance(of, str):
        return text(of)
    if isinstance(of, dict):
        return {text(name): _named(name, one) for name, one in of.items()}
    return [value(one) for one in of] if isinstance(of, list) else of


def _named(name: str, held: Any) -> Any:
    if not _is_secret_name(name) or isinstance(held, dict | bool) or held is None:
        return value(held)
    if isinstance(held, list):
        return [_named(name, one) for one in held]
    return held if held == "" or _is_figure(name, str(held)) else HIDDEN


def _is_secret_name(name: str) -> bool:
    return (_looked_up if len(name) <= LONGEST_KEPT else _looks_secret)(name)


def _looks_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name) or _KEY_NAME.search(name))


_looked_up = lru_cache(maxsize=4096)(_looks_secret)


def _is_figure(name: str, held: str) -> bool:
    """Say whether this is a measured number under a name that also names secrets: `token_rate`, 31.4."""
    return bool(_NUMBER.fullmatch(held.strip())) and not _SECRET_NAME.search(name)


def _hide_pair(found: re.Match[str]) -> str:
    return found[0] if found[2] == HIDDEN or _is_figure(found[1], found[2]) else found[1] + HIDDEN


def _hide_random(found: re.Match[str]) -> str:
    return HIDDEN if _is_random(found[0]) else found[0]


def _is_random(word: str) -> bool:
    """Say whether a long word changes between small letters, capitals and digits as often as chance does.

    Of random Base64 two neighbours differ in kind 64 times in 100; in words, paths, CamelCase and digests far less.
    """
    kinds = [0 if one.islower() else 1 if one.isupper() else 2 for one in word if one.isalnum()]
    if len(set(kinds)) < 3:
        return False
    share = sum(one != other for one, other in pairwise(kinds)) / len(kinds)
    return share > 0.5 or (share > 0.38 and kinds.count(2) > 1)
