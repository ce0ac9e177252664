"""The commands about who may decide."""

import json

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli

run = CliRunner()
MEDIUM = ("--system", "shop-recommender", "--severity", "medium")


def simulate(*arguments: str) -> dict[str, object]:
    result = run.invoke(cli, ["simulate", *MEDIUM, "--json", *arguments])
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.output)
    return found


def test_answers_are_played_against_the_policy() -> None:
    """R063 R071 R084: what counts, what does not and why, and what would come of it."""
    answers = ("--as", "tomas", "--as", "maya", "--as", "leo=approve@16")
    result = run.invoke(cli, ["simulate", *MEDIUM, "--by", "U0MAYA0001", *answers])
    assert result.exit_code == 0, result.output
    assert "    0 min  yes  Tomás Ferreira approves as Engineering lead: 1 of 2." in result.output
    assert "    0 min  no   Maya Lindqvist asked for this, so somebody else has to decide." in result.output
    assert "yes  Leo Martins approves as Product lead, as deputy for Aisha Bello: 2 of 2." in result.output
    assert result.output.endswith("Approved after 16 minutes, and what was asked begins.\n")


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        (["--as", "tomas", "--as", "aisha"], "approved"),
        (["--as", "tomas", "--as", "aisha=reject"], "rejected"),
        (["--as", "U0TOMAS004", "--as", "U0STRANGER"], "expired"),
        (["--as", "tomas=abstain", "--as", "priya", "--as", "aisha"], "approved"),
        (["--as", "tomas", "--as", "aisha=approve@120"], "expired"),
    ],
)
def test_the_outcome_is_named(answers: list[str], state: str) -> None:
    """R063."""
    assert simulate(*answers)["state"] == state


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--as", "nobody"], "There is no nobody in people.yaml."),
        (["--as", "tomas=maybe"], "I do not understand --as tomas=maybe."),
        (["--as", "tomas", "--activity", "dance"], "There is no activity “dance”"),
    ],
)
def test_what_is_not_understood_is_said(arguments: list[str], says: str) -> None:
    result = run.invoke(cli, ["simulate", *MEDIUM, *arguments])
    assert result.exit_code == 1
    assert says in result.stderr


def test_the_matrix_is_printed_for_people() -> None:
    """R065 R080."""
    result = run.invoke(cli, ["raci", "--markdown"])
    assert result.exit_code == 0, result.output
    assert "## Approve a rollback\n\nWithout approval: nothing is rolled back." in result.output
    assert "| high, tagged medical | Leadership |" in result.output


def test_who_about_an_unknown_system_names_the_known_ones() -> None:
    result = run.invoke(cli, ["who", "--system", "suport-bot", "--severity", "low"])
    assert result.exit_code == 1
    assert "support-bot" in result.stderr
