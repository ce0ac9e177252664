"""Every mistake in a configuration file is said with its file, its line and how to mend it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator

from bot.foundation.config import Config, Document, File, Settings, canonical, digest, fit, load, read
from bot.foundation.errors import ConfigError, Problem


class Person(Settings):
    """Somebody."""

    slack: str = Field(pattern="^U")
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone == "Mars":
            raise ValueError("There is no such zone")
        return zone


class People(Settings):
    """A file of people."""

    people: dict[str, Person]
    severity: Literal["low", "high"] = "low"
    deadlines: tuple[int, ...] = ()


class Channels(Settings):
    """Another file."""

    channel: str


FINE = """\
# who is who
people:
  maya:
    slack: U1
    zone: Europe/Stockholm

  jonas: {slack: U2}
deadlines: [5, 15]
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "people.yaml").write_text(FINE)
    (tmp_path / "channels.yaml").write_text("channel: C1\n")
    return tmp_path


def problems_of(path: Path, text: str | bytes) -> list[Problem]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        fit(read(path), People)
    return caught.value.problems


# --- what is right ----------------------------------------------------------------------------------------------------


def test_files_are_read_into_their_models(directory: Path) -> None:
    config = load(directory, [File("people.yaml", People), File("channels.yaml", Channels)], [])
    assert config[People].people["maya"] == Person(slack="U1", zone="Europe/Stockholm")
    assert config[Channels].channel == "C1"


def test_each_value_knows_its_line(directory: Path) -> None:
    document = read(directory / "people.yaml")
    places = [
        (),
        ("people",),
        ("people", "maya"),
        ("people", "maya", "zone"),
        ("people", "jonas", "slack"),
        ("deadlines", 1),
    ]
    assert [document.line(place) for place in places] == [1, 2, 3, 5, 7, 8]
    assert document.line(("people", "maya", "unknown", "deeper")) == 3, "the nearest thing around it"


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("# nothing yet\n")
    assert fit(read(tmp_path / "x.yaml"), Settings) == Settings()


def test_a_section_can_be_replaced_and_leaves_the_first_as_it_was(directory: Path) -> None:
    config = load(directory, [File("channels.yaml", Channels)], [])
    other = config.replace(Channels(channel="C2"))
    assert (config[Channels].channel, other[Channels].channel) == ("C1", "C2")
    assert config.digest(Channels) != other.digest(Channels)
    assert other.document(Channels) is config.document(Channels)


def test_a_loader_brings_a_section_that_is_no_yaml_file(directory: Path) -> None:
    extra = (Channels(channel="C9"), Document(directory / "messages", {}, {(): 1}))
    assert load(directory, [], [], [lambda: extra])[Channels].channel == "C9"


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "what", "mend"),
    [
        ("people: {}\nsevrity: low\n", 2, "“sevrity” is not a setting", "did you mean “severity”?"),
        ("people:\n  maya:\n    slak: U1\n    slack: U1\n", 3, "“people.maya.slak” is not a setting", "“slack”"),
        ("people: {}\nqqq: 1\n", 2, "“qqq” is not a setting", "remove it"),
        ("severity: low\n", 1, "“people” is missing", "add it"),
        ("people:\n  maya: {}\n", 2, "“people.maya.slack” is missing", "add it"),
        ("people: {}\nseverity: awful\n", 2, "“severity”: input should be 'low' or 'high'", "correct"),
        ("people: {}\ndeadlines:\n  - 5\n  - soon\n", 4, "“deadlines.1”: input should be a valid integer", "correct"),
        ("people:\n  maya: {slack: U1, zone: Mars}\n", 2, "“people.maya.zone”: there is no such zone", "correct"),
        ("people:\n  maya: {slack: X1}\n", 2, "“people.maya.slack”: string should match", "correct"),
        ("- a\n- b\n", 1, "“the file”: input should be a valid dictionary", "correct"),
        ("people: {}\nseverity: low\nseverity: high\n", 3, "“severity” stands here a second time", "keep one"),
        ("people:\n  maya: {slack: U1, slack: U2}\n", 2, "“slack” stands here a second time", "keep one"),
        ("people: {}\n? [a, b]\n: 1\n", 2, "a list or a mapping stands where a name", "plain name"),
        ("people:\n\t maya: 1\n", 2, "not YAML", "indentation"),
        ("people: {\n", 2, "not YAML", "indentation"),
        ("people: *nobody\n", 1, "not YAML: found undefined alias", "indentation"),
        ("people: {}\n---\npeople: {}\n", 2, "not YAML: but found another document", "indentation"),
        ("people: !!python/object:os.system {}\n", 1, "not YAML: could not determine a constructor", "indentation"),
        ("people: !secret x\n", 1, "not YAML: could not determine a constructor", "indentation"),
        ("people: {}\nseverity: \x07\n", 1, "not YAML", "indentation"),
        ("people: 2026-13-40\n", 1, "a value cannot be read", "quotes"),
        ("people: &a [*a]\n", 1, "a value cannot be read", "hold itself"),
        (b"people: \xff\xfe\n", 1, "not UTF-8 at byte 8", "save it as UTF-8"),
    ],
)
def test_a_mistake_is_said_with_its_line_and_how_to_mend_it(
    tmp_path: Path, text: str | bytes, line: int, what: str, mend: str
) -> None:
    (problem,) = problems_of(tmp_path / "people.yaml", text)
    assert problem.file == tmp_path / "people.yaml"
    assert (problem.line, what in problem.what, mend in problem.mend) == (line, True, True), str(problem)


def test_aliases_of_aliases_end_before_memory_does(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (problem,) = problems_of(tmp_path / "people.yaml", "\n".join(rows))
    assert "more values than any configuration needs" in problem.what


def test_a_missing_file_and_one_that_is_no_file_are_said(tmp_path: Path) -> None:
    (tmp_path / "channels.yaml").mkdir()
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, [File("people.yaml", People), File("channels.yaml", Channels)], [])
    assert [problem.what for problem in caught.value.problems] == [
        "cannot be read: Is a directory",
        "this file is missing",
    ]


def test_several_mistakes_come_at_once_sorted_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text("zzz: 1\npeople:\n  maya: {slack: X}\n  jonas: {}\nseverity: awful\n")
    (tmp_path / "channels.yaml").write_text("chanel: C1\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, [File("people.yaml", People), File("channels.yaml", Channels)], [])
    places = [(problem.file.name, problem.line) for problem in caught.value.problems]
    assert places == [("channels.yaml", 1), ("channels.yaml", 1), *[("people.yaml", line) for line in (1, 3, 4, 5)]]


def test_checks_across_files_run_when_each_file_is_right(directory: Path) -> None:
    def check(config: Config) -> Iterator[Problem]:
        yield config.document(People).problem(("people", "maya", "zone"), "far away", "move")
        yield config.document(People).problem(("people",), "too few", "hire")

    with pytest.raises(ConfigError) as caught:
        load(directory, [File("people.yaml", People)], [check])
    assert [(problem.line, problem.what) for problem in caught.value.problems] == [(2, "too few"), (5, "far away")]


# --- digests ----------------------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5))
def test_the_order_of_keys_does_not_change_a_digest(value: dict[str, Any]) -> None:
    turned = dict(reversed(list(value.items())))
    assert canonical(turned) == canonical(value)


@given(VALUES)
def test_nothing_of_a_value_is_lost_in_its_canonical_form(value: Any) -> None:
    assert json.loads(canonical(value)) == value


def test_a_digest_names_its_algorithm_and_never_changes() -> None:
    assert digest({"b": 1, "a": "ä"}) == "sha256:507aab815f2bdfce1c740c0b1ae7b1c874f56b9aa5b9ab109a07b57365148233"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_has_no_digest(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        digest({"x": value})
