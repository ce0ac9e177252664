"""What can be asked of Backout over HTTP, as one page for people (`/docs`): made of the OpenAPI description. Pure.

FastAPI's own page loads its program from a public network. This one needs no program and no network, so it is there
where Backout runs without the internet, and its policy lets nothing be loaded or run.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

Description = Mapping[str, Any]
STYLE = Markup("""
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem } h2 code { font-size: 1.1rem } dt { float: left; clear: left; width: 4rem; font-weight: 600 }
dd { margin-left: 4.5rem }
""")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = Markup(
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}: HTTP</title><style>{style}</style>'
    "</head><body>\n<h1>{title}</h1>\n<p>{summary}</p>\n"
    '<p>For programs: <a href="openapi.json">openapi.json</a></p>\n{operations}</body></html>\n'
)
_OPERATION = Markup(
    "<section>\n<h2><code>{method} {path}</code></h2>\n<p><strong>{summary}</strong></p>\n<p>{description}</p>\n"
    "{parameters}<dl>{answers}</dl>\n</section>\n"
)


def page(description: Description) -> str:
    """Return the page: each address, what it is for, what it takes and what it answers."""
    operations = Markup("").join(
        _operation(method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    )
    about = description["info"]
    return str(_PAGE.format(title=about["title"], summary=about["summary"], style=STYLE, operations=operations))


def _operation(method: str, path: str, operation: Description) -> Markup:
    return _OPERATION.format(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        parameters=Markup("").join(_parameters(operation)),
        answers=Markup("").join(_answers(operation)),
    )


def _parameters(operation: Description) -> Iterator[Markup]:
    for one in operation.get("parameters", ()):
        yield Markup("<p><code>{name}</code>: {words}</p>\n").format(name=one["name"], words=one.get("description", ""))


def _answers(operation: Description) -> Iterator[Markup]:
    for status, answer in sorted(operation.get("responses", {}).items()):
        yield Markup("<dt>{status}</dt><dd>{words}</dd>").format(status=status, words=answer.get("description", ""))
