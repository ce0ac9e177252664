"""Reading messages and their approvals."""

import hashlib
from pathlib import Path

import pytest

from bot.comms.service import digests, read_library
from bot.foundation.errors import ConfigError
from tests.comms.desk import MESSAGES

APPROVALS = "approvals: {}\n"
HEAD = "---\naudience: customers\nstage: initial\ntitle: A title\n---\n"


def _write(directory: Path, text: str | bytes, approvals: str = APPROVALS) -> Path:
    file = directory / "customers" / "initial.md.j2"
    file.parent.mkdir()
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    (directory / "approvals.yaml").write_text(approvals)
    return file


def test_a_template_is_read_with_its_words_its_lines_and_the_digest_of_its_bytes(tmp_path: Path) -> None:
    text = "---\n\naudience: customers\nstage: initial\ntitle: A title\nguidance:\n  - Mind it.\n---\n\nWords.\n"
    file = _write(tmp_path, text)
    library, document = read_library(tmp_path)
    each = library.templates["customers/initial"]
    assert (each.audience, each.stage, each.title, each.guidance) == ("customers", "initial", "A title", ["Mind it."])
    assert each.body.strip() == "Words."
    assert each.lines == {"audience": 3, "stage": 4, "title": 5, "guidance": 6}
    assert text.splitlines()[each.first_line - 1 + each.body.splitlines().index("Words.")] == "Words."
    assert each.digest == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert (each.file, document.file) == (file, tmp_path / "approvals.yaml")


@pytest.mark.parametrize("change", ["Words!", "Words. ", " Words."])
def test_one_changed_byte_makes_another_digest(tmp_path: Path, change: str) -> None:
    """R118, R122: approval holds for exactly these words."""
    file = _write(tmp_path, f"{HEAD}Words.")
    before = digests(tmp_path)
    file.write_text(f"{HEAD}{change}")
    assert digests(tmp_path) != before


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Words.", 1, "no front matter"),
        ("---\naudience: customers\n", 1, "does not end"),
        ("---\n- a\n---\nWords.", 1, "holds no settings"),
        ("---\naudience: customers\nstage: a: b\n---\n", 3, "not YAML"),
        ("---\naudience: customers\nstage: initial\n---\n", 1, "“title” is missing"),
        (HEAD.replace("title", "titel"), 4, "“titel” is not a setting"),
        (HEAD.replace("title: A title", "stage: update"), 4, "“stage” stands here a second time"),
        (HEAD.replace("A title", "!!python/object:os.system x"), 4, "not YAML"),
        (b"---\n\xff---\n", 1, "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, words: str
) -> None:
    file = _write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_library(tmp_path)
    assert any(
        (problem.file, problem.line) == (file, line) and words in problem.what for problem in caught.value.problems
    ), caught.value


def test_a_name_that_is_none_is_a_mistake(tmp_path: Path) -> None:
    _write(tmp_path, f"{HEAD}Words.").rename(tmp_path / "customers" / "First News.md.j2")
    with pytest.raises(ConfigError, match="name"):
        read_library(tmp_path)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    _write(tmp_path, "Words.", approvals="approvals: []\n")
    with pytest.raises(ConfigError) as caught:
        read_library(tmp_path)
    assert len(caught.value.problems) == 2


def test_without_approvals_the_file_is_missed(tmp_path: Path) -> None:
    _write(tmp_path, f"{HEAD}Words.")
    (tmp_path / "approvals.yaml").unlink()
    with pytest.raises(ConfigError, match="this file is missing"):
        read_library(tmp_path)


def test_the_shipped_approvals_are_of_the_shipped_words() -> None:
    """R118: what is shipped can be posted as it is."""
    library, _document = read_library(MESSAGES)
    assert {name: each.digest for name, each in library.approvals.items()} == digests(MESSAGES)
    assert len(library.templates) == 25
