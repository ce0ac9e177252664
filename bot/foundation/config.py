"""Read `config/` and `messages/`, check them, and say of each mistake: file, line, what, and how to mend it.

A capability describes its own file as a pydantic model; `app.py` lists the files; nothing here knows their meaning.
"""

import difflib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.foundation.errors import ConfigError, Problem

Location = tuple[str | int, ...]
Lines = dict[Location, int]
_YAML: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, ten times as fast
MOST_VALUES = 100_000
"""A file of aliases of aliases ends here; the largest real configuration has a few thousand values."""
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Settings(BaseModel):
    """The base of every model of a configuration file: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


SettingsT = TypeVar("SettingsT", bound=Settings)


@dataclass(frozen=True)
class Document:
    """One YAML file: its values, and the line of each of them."""

    file: Path
    values: Any
    lines: Lines

    def line(self, location: Location) -> int:
        """Return the line of a value, or of the nearest thing around it that has one."""
        for end in range(len(location), -1, -1):
            if location[:end] in self.lines:
                return self.lines[location[:end]]
        return 1

    def problem(self, location: Location, what: str, mend: str) -> Problem:
        """Describe a mistake at a place in this file."""
        return Problem(self.file, self.line(location), what, mend)


@dataclass(frozen=True)
class File:
    """One file of the configuration directory and the model it must fit."""

    name: str
    model: type[Settings]


class Config:
    """Everything that was read, by its model: `work.config[Directory]`. Immutable; carries a digest of its bytes."""

    def __init__(
        self, sections: Mapping[type[Settings], Settings], documents: Mapping[type[Settings], Document]
    ) -> None:
        self._sections = dict(sections)
        self._documents = dict(documents)

    def __getitem__(self, model: type[SettingsT]) -> SettingsT:
        return cast("SettingsT", self._sections[model])

    def replace(self, section: SettingsT) -> "Config":
        """Return the same configuration with one section replaced."""
        return Config({**self._sections, type(section): section}, self._documents)

    def document(self, model: type[Settings]) -> Document:
        """Return the file a section came from, for messages that name a line."""
        return self._documents[model]

    def documents(self) -> list[Document]:
        """Return every file that was read."""
        return list(self._documents.values())

    def digest(self, model: type[Settings]) -> str:
        """Return the digest of one section, to pin a decision to the policy it was made under."""
        return digest(self._sections[model].model_dump(mode="json"))

    def digests(self) -> dict[str, str]:
        """Return the digest of every file's values, by the file's name (a directory of templates counts as one)."""
        return {document.file.name: self.digest(model) for model, document in self._documents.items()}


Check = Callable[[Config], Iterator[Problem]]
Loader = Callable[[], tuple[Settings, Document]]


def digest(value: Any) -> str:
    """Return `sha256:…` over the one canonical JSON form of a value (sorted keys, no spaces, UTF-8)."""
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Return the canonical JSON text of a value; refuses NaN and Infinity (ValueError)."""
    return _CANONICAL.encode(value)


def load(directory: Path, files: Sequence[File], checks: Sequence[Check], loaders: Sequence[Loader] = ()) -> Config:
    """Read and check a configuration directory; `loaders` bring sections that are not one YAML file.

    Raises:
        ConfigError: with every problem found, in the order of files and lines.
    """
    sections: dict[type[Settings], Settings] = {}
    documents: dict[type[Settings], Document] = {}
    problems: list[Problem] = []
    every: list[Loader] = [partial(_load_file, directory, file) for file in files]
    for loader in [*every, *loaders]:
        try:
            section, document = loader()
            sections[type(section)], documents[type(section)] = section, document
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(sorted(problems))
    config = Config(sections, documents)
    problems = sorted(problem for check in checks for problem in check(config))
    if problems:
        raise ConfigError(problems)
    return config


def _load_file(directory: Path, file: File) -> tuple[Settings, Document]:
    document = read(directory / file.name)
    return fit(document, file.model), document


def read(path: Path) -> Document:
    """Read one YAML file with the line of each value.

    Raises:
        ConfigError: for tags, duplicate keys, and what is not YAML or not UTF-8.
    """
    text = _text(path)
    try:
        node = yaml.compose(text, Loader=_YAML)
        lines: Lines = {(): 1}
        problems = list(_walk(path, node, (), lines)) if node else []
        values = yaml.load(text, Loader=_YAML) if not problems else None  # noqa: S506 - safe: plain values only
    except yaml.YAMLError as error:
        raise ConfigError([_not_yaml(path, error)]) from None
    except (ValueError, RecursionError) as error:  # a date like 2026-13-40, or a value that contains itself
        problem = Problem(
            path, 1, f"a value cannot be read: {str(error)[:100]}", "put dates in quotes; no value may hold itself"
        )
        raise ConfigError([problem]) from None
    if problems:
        raise ConfigError(problems)
    return Document(path, values, lines)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problem = Problem(path, 1, "this file is missing", "put it back, or start from the example")
    except UnicodeDecodeError as error:
        problem = Problem(path, 1, f"not UTF-8 at byte {error.start}", "save it as UTF-8")
    except OSError as error:
        problem = Problem(path, 1, f"cannot be read: {error.strerror}", "make it a file that Backout may read")
    raise ConfigError([problem])


def _not_yaml(path: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or str(error).splitlines()[0])
    return Problem(path, mark.line + 1 if mark else 1, f"not YAML: {what}", "check the indentation and quotes")


def fit(document: Document, model: type[SettingsT]) -> SettingsT:
    """Fit a document to its model, or say where it does not (ConfigError)."""
    try:
        return model.model_validate(document.values if document.values is not None else {})
    except ValidationError as error:
        raise ConfigError([_problem(document, model, dict(detail)) for detail in error.errors()]) from None


def _walk(path: Path, node: yaml.Node, at: Location, lines: Lines) -> Iterator[Problem]:
    lines.setdefault(at, node.start_mark.line + 1)
    if len(lines) > MOST_VALUES:
        raise ValueError("more values than any configuration needs")
    if isinstance(node, yaml.MappingNode):
        yield from _walk_mapping(path, node, at, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(path, value, (*at, index), lines)


def _walk_mapping(path: Path, node: yaml.MappingNode, at: Location, lines: Lines) -> Iterator[Problem]:
    seen: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            yield Problem(path, line, "a list or a mapping stands where a name is expected", "write a plain name")
            continue
        if key.value in seen:
            yield Problem(path, line, f"“{key.value}” stands here a second time", "keep one of the two")
        seen.add(key.value)
        lines[(*at, key.value)] = line
        yield from _walk(path, value, (*at, key.value), lines)


def _problem(document: Document, model: type[Settings], detail: dict[str, Any]) -> Problem:
    location: Location = tuple(detail["loc"])
    name = ".".join(str(part) for part in location) or "the file"
    if detail["type"] == "extra_forbidden":
        known = sorted(set(_field_names(model)))
        close = difflib.get_close_matches(str(location[-1]), known, n=1)
        mend = f"did you mean “{close[0]}”?" if close else "remove it"
        return document.problem(location, f"“{name}” is not a setting", mend)
    if detail["type"] == "missing":
        return document.problem(location, f"“{name}” is missing", "add it")
    message = str(detail["msg"]).removeprefix("Value error, ")
    return document.problem(location, f"“{name}”: {message[:1].lower()}{message[1:]}", "correct the value")


def _field_names(model: type[BaseModel], seen: set[type[BaseModel]] | None = None) -> Iterator[str]:
    seen = seen if seen is not None else set()
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        yield name
        for inner in _models_in(field.annotation):
            yield from _field_names(inner, seen)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)
