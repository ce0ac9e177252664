"""T20: one line a record, whatever is in it, and no secret of ours."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from bot.foundation.logs import MAX_VALUE, JsonLines, set_up


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards."""
    found = logging.getLogger()
    handlers, level = found.handlers[:], found.level
    yield found
    found.handlers[:], found.level = handlers, level


def line(
    message: str, *values: object, secrets: tuple[str, ...] = (), error: Exception | None = None
) -> dict[str, str]:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("bot.x", logging.WARNING, __file__, 1, message, values, info)
    text = JsonLines(secrets).format(record)
    assert "\n" not in text
    found: dict[str, str] = json.loads(text)
    return found


def test_a_record_is_one_line_of_json() -> None:
    found = line("%s took %d s", "INC-1", 7)
    assert (found["level"], found["from"], found["what"]) == ("warning", "bot.x", "INC-1 took 7 s")
    assert found["at"].endswith("+00:00")


@pytest.mark.parametrize("hostile", ["a\nb", 'x", "level": "error', "\x1b[31mred", "\u2028", "\x00", "\ud800"])
def test_no_text_forges_a_line(hostile: str) -> None:
    assert line("said: %s", hostile)["what"] == f"said: {hostile}"


def test_long_values_are_cut_and_of_an_error_the_end_stays() -> None:
    assert len(line("x" * 10_000)["what"]) == MAX_VALUE + 1
    found = line("failed", error=ValueError("x" * 10_000 + " the reason"))
    assert found["error"].endswith(" the reason")
    assert len(found["error"]) == MAX_VALUE + 1


def test_no_secret_of_ours_appears(root: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """T25: neither in the words nor in an exception; an empty secret hides nothing."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    set_up(["xoxb-secret", ""])
    try:
        raise ValueError("token xoxb-secret refused")
    except ValueError:
        logging.getLogger("bot.x").exception("calling with xoxb-secret")
    (written,) = out.getvalue().splitlines()
    assert "xoxb-secret" not in written
    assert json.loads(written)["what"] == "calling with [secret]"


def test_what_looks_like_a_secret_of_anybody_s_is_taken_out() -> None:
    """T17: long texts are searched before they are cut."""
    token = "ghp_" + "a1" * 18
    assert token not in str(line("said %s", token, error=ValueError(f"password={token}")))
    assert "hunter2" not in line("x" * (MAX_VALUE - 10) + " password=hunter2")["what"]


def test_chatty_libraries_are_heard_from_warnings_on(root: logging.Logger) -> None:
    set_up([])
    assert len(root.handlers) == 1
    assert not logging.getLogger("slack_sdk").isEnabledFor(logging.INFO)
    assert logging.getLogger("slack_sdk.web").isEnabledFor(logging.WARNING)
    assert not logging.getLogger("slack_bolt.AsyncApp").isEnabledFor(logging.WARNING)
