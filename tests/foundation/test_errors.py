from pathlib import Path

import pytest

from bot.foundation.errors import BackoutError, ConfigError, Problem, Refusal, StoreUnavailableError

A = Problem(Path("config/people.yaml"), 12, "“mayya” is nobody", "correct the key")
B = Problem(Path("config/people.yaml"), 3, "“slack” is missing", "add it")
C = Problem(Path("config/comms.yaml"), 99, "no audience", "add one")


def test_a_problem_reads_as_an_editor_understands_it() -> None:
    assert str(A) == "config/people.yaml:12: “mayya” is nobody; correct the key"


def test_problems_sort_by_file_and_line() -> None:
    assert sorted([A, B, C]) == [C, B, A]


def test_a_config_error_names_every_problem_on_a_line_of_its_own() -> None:
    error = ConfigError([A, C])
    assert str(error).splitlines() == [str(A), str(C)]
    assert error.problems == [A, C]


def test_a_refusal_carries_its_words_and_its_field() -> None:
    refusal = Refusal("You have voted already.", field="reason")
    assert (refusal.message, refusal.field, str(refusal)) == ("You have voted already.", "reason", refusal.message)
    assert Refusal("No.").field is None


@pytest.mark.parametrize("error", [Refusal("no"), ConfigError([A]), StoreUnavailableError("away")])
def test_everything_raised_on_purpose_has_one_root(error: Exception) -> None:
    assert isinstance(error, BackoutError)
