"""Take out what looks like a secret before it is stored as a signal or shown (threat T17)."""

import re
from collections.abc import Mapping

HIDDEN = "•••"

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|token|api_?-?key|authori[sz]ation|credential|cookie|private_?-?key|routing_?key", re.I
)
_SECRET_SHAPE = re.compile(
    r"xox[abeoprs]-[\w-]{8,}|xapp-[\w-]{8,}"  # Slack
    r"|gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"  # GitHub, GitLab
    r"|AKIA[0-9A-Z]{16}|sk-[\w-]{20,}|AIza[\w-]{30,}"  # AWS, model vendors, Google
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # JSON Web Token
    r"|(?<=://)[^/\s:@]+:[^/\s:@]+(?=@)"  # user:password in an address
    r"|(?i:(?<=bearer )|(?<=basic ))[\w.~+/=-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_SECRET_PAIR = re.compile(
    r"""(?ix)
    ( ["']? [\w-]{0,40} (?:password|passwd|secret|token|api_?-?key|routing_?key|credential) [\w-]{0,40} ["']? \s*
      [:=] \s* )
    ( "[^"]*" | '[^']*' | [^\s,;&}"']+ )
    """
)


def text(written: str) -> str:
    """Return a text with everything that looks like a secret hidden."""
    return _SECRET_PAIR.sub(rf"\g<1>{HIDDEN}", _SECRET_SHAPE.sub(HIDDEN, written))


def mapping(values: Mapping[str, str]) -> dict[str, str]:
    """Return labels or annotations with secrets hidden: by their name, or by how they look."""
    return {name: HIDDEN if _SECRET_NAME.search(name) else text(value) for name, value in values.items()}
