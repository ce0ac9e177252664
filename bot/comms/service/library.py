"""Read `messages/`: templates with their front matter, and who approved which version."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from bot.comms.models import Approvals, FrontMatter, Library, Template
from bot.foundation.config import Document, fit, read
from bot.foundation.errors import ConfigError, Problem

SUFFIX = ".md.j2"
APPROVALS = "approvals.yaml"
_HANDLER = YAMLHandler()
_MEND = "begin it with ---, then audience, stage and title, then --- on a line of its own"


def read_library(directory: Path) -> tuple[Library, Document]:  # house: verb - read at start, before there is a store
    """Read every template and approval; the document is that of `approvals.yaml`.

    Raises:
        ConfigError: with every file that cannot be read, and where.
    """
    templates: dict[str, Template] = {}
    problems: list[Problem] = []
    for path in _files(directory):
        try:
            template = _read_template(directory, path)
            templates[template.name] = template
        except ConfigError as error:
            problems += error.problems
    try:
        document = read(directory / APPROVALS)
        approvals = fit(document, Approvals)
    except ConfigError as error:
        raise ConfigError(problems + error.problems) from None
    if problems:
        raise ConfigError(problems)
    return Library(templates=templates, approvals=approvals.approvals), document


def digests(directory: Path) -> dict[str, str]:  # house: verb - a look at files, for the command line
    """Return the digest of each template as it stands now, as `approvals.yaml` has it, by the template's name."""
    return {_name(directory, path): _digest(path.read_bytes()) for path in _files(directory)}


def _files(directory: Path) -> Iterator[Path]:
    yield from sorted(directory.rglob(f"*{SUFFIX}"))


def _name(directory: Path, path: Path) -> str:
    return path.relative_to(directory).as_posix().removesuffix(SUFFIX)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _read_template(directory: Path, path: Path) -> Template:
    content = path.read_bytes()
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(path, 1, f"not UTF-8 at byte {error.start}", "save it as UTF-8")]) from None
    head, body = _split(path, text)
    values, lines = _read_head(path, head, text.count("\n", 0, text.find(head)))
    matter = fit(Document(path, values, {(): 1, **{(key,): line for key, line in lines.items()}}), FrontMatter)
    more = {
        "name": _name(directory, path),
        "body": body,
        "file": path,
        "digest": _digest(content),
        "first_line": text.count("\n", 0, len(text) - len(body)) + 1,
        "lines": lines,
    }
    return fit(Document(path, {**matter.model_dump(), **more}, {(): 1}), Template)


def _split(path: Path, text: str) -> tuple[str, str]:
    if not _HANDLER.detect(text):
        raise ConfigError([Problem(path, 1, "this template has no front matter", _MEND)])
    try:
        return _HANDLER.split(text)
    except ValueError:
        raise ConfigError([Problem(path, 1, "the front matter does not end", _MEND)]) from None


def _read_head(path: Path, head: str, above: int) -> tuple[Any, dict[str, int]]:
    """Return the front matter's values, and the line of the file on which each key stands; `above` it are more."""
    try:
        node, values = yaml.compose(head, Loader=yaml.SafeLoader), _HANDLER.load(head)
    except yaml.MarkedYAMLError as error:
        line = above + (error.problem_mark.line if error.problem_mark else 0) + 1
        raise ConfigError(
            [Problem(path, line, f"not YAML: {error.problem}", "check the indentation and quotes")]
        ) from None
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError([Problem(path, 1, "the front matter holds no settings", _MEND)])
    lines: dict[str, int] = {}
    for key, _value in node.value:
        line = above + key.start_mark.line + 1
        if str(key.value) in lines:
            what = f"“{key.value}” stands here a second time"
            raise ConfigError([Problem(path, line, what, "keep one of the two")])
        lines[str(key.value)] = line
    return values, lines
