"""Each house rule: what breaks it, what does not, and that its escape lets a line through."""

from pathlib import Path

import pytest

from tools import house
from tools.house import Source

RULES = {rule.name: rule for rule in house.RULES}
ASYNC = "async def ask(target):\n    await target.read()\n"
LONG_HANDLER = "def show(click, work):\n" + "    work.now\n" * 30
MACHINE, INDEX = "/" + "root/notes", "https://" + "pypi" + ".org/simple"

BREACHES = [
    ("commit", "bot/incidents/service.py", "work.session.commit()\n", 1),
    ("commit", "bot/learning/reports/worker.py", "x = 1\nsession.rollback()\n", 2),
    ("commit", "bot/app.py", "with session.begin_nested():\n    pass\n", 1),
    ("coroutine", "bot/approvals/service/voting.py", ASYNC, 1),
    ("coroutine", "bot/people/rules.py", ASYNC, 1),
    ("coroutine", "bot/comms/slack.py", ASYNC, 1),
    ("coroutine", "bot/learning/reports/views.py", ASYNC, 1),
    ("verb", "bot/incidents/service.py", "def close(name, work): ...\n", 1),
    ("verb", "bot/incidents/service/verbs.py", "def close(): ...\n", 1),
    ("verb", "bot/incidents/service.py", "def close(*, work): ...\n", 1),
    ("handler", "bot/incidents/slack.py", LONG_HANDLER, 1),
    ("handler", "bot/incidents/slack/forms.py", LONG_HANDLER, 1),
    ("length", "bot/foundation/sender.py", "X = 1\n" * 401, 1),
    ("length", "tests/people/test_rules.py", "X = 1\n" * 401, 1),
    ("file-name", "bot/incidents/state.py", "", 1),
    ("file-name", "bot/people/targets/flags.py", "", 1),
    ("file-name", "bot/learning/reports/markdown.py", "", 1),
    ("vague", "bot/foundation/utils.py", "", 1),
    ("vague", "tests/helpers/clock.py", "", 1),
    ("vague", "bot/foundation/work.py", "class WorkManager: ...\n", 1),
    ("vague", "bot/people/rules.py", "def parse_helper(): ...\n", 1),
    ("branch", "bot/people/service.py", "if settings.demo:\n    pass\n", 1),
    ("branch", "bot/foundation/db.py", "x = 1 if TESTING else 2\n", 1),
    ("branch", "bot/foundation/db.py", "import os\nwhile os.environ.get('PYTEST_CURRENT_TEST'):\n    pass\n", 2),
    ("branch", "bot/foundation/db.py", "rows = [r for r in all_rows if not is_demo(r)]\n", 1),
    ("branch", "bot/foundation/db.py", "quick = in_testing or fast\n", 1),
    ("todo", "bot/people/service.py", "x = 1\n# " + "TO" + "DO: mend\n", 2),
    ("todo", "config/people.yaml", "maya: x # " + "FIX" + "ME\n", 1),
    ("place", "README.md", f"Look into {MACHINE}/plan.md.\n", 1),
    ("place", "tools/setup.sh", f"x\npip install --index-url {INDEX} uv\n", 2),
    ("place", "config/people.yaml", "file: /" + "home/maya/people.yaml\n", 1),
]

FINE = [
    ("commit", "bot/foundation/db.py", "session.commit()\n"),
    ("commit", "tests/support/stores.py", "session.commit()\n"),
    ("commit", "bot/incidents/service.py", "with work.savepoint():\n    pass\n"),
    ("coroutine", "bot/rollback/targets/flag_file.py", ASYNC),
    ("coroutine", "bot/comms/routes/smtp.py", ASYNC),
    ("coroutine", "bot/alerts/web.py", ASYNC),
    ("coroutine", "bot/people/worker.py", ASYNC),
    ("coroutine", "bot/foundation/sender.py", ASYNC),
    (
        "verb",
        "bot/incidents/service.py",
        "def close(work, name): ...\ndef get(reading, name): ...\ndef _say(text): ...\n",
    ),
    ("verb", "bot/incidents/rules.py", "def severity(facts): ...\n"),
    ("handler", "bot/incidents/slack.py", LONG_HANDLER.replace("    work.now\n", "", 1)),
    ("handler", "bot/incidents/views.py", LONG_HANDLER),
    ("length", "bot/foundation/sender.py", "X = 1\n" * 400),
    ("length", "bot/foundation/migrations/versions/0001_make_the_tables.py", "X = 1\n" * 401),
    ("length", "uv.lock", "x\n" * 5_000),
    ("file-name", "bot/incidents/service/verbs.py", ""),
    ("file-name", "bot/alerts/pages/inbox.py", ""),
    ("file-name", "bot/rollback/targets/flag_file.py", ""),
    ("file-name", "bot/learning/reports/service.py", ""),
    ("file-name", "bot/workspace/state.py", ""),
    ("vague", "bot/foundation/work.py", "from contextlib import contextmanager\ndef commonly(): ...\n"),
    ("branch", "bot/workspace/page/routes.py", "if demo:\n    pass\n"),
    ("branch", "bot/__main__.py", "if demo:\n    pass\n"),
    ("branch", "bot/people/rules.py", "if person.tested_at and latest:\n    pass\n"),
    ("todo", "README.md", "Write TO" + "DO lists.\n"),
    ("todo", "bot/people/service.py", "TODOS = 1\n"),
    ("place", "README.md", "Open http://127.0.0.1:3000/alerts/alertmanager and /usr/bin/chromium.\n"),
    ("place", "bot/alerts/rules.py", "PATH = 'https://example.org/root/x'\n"),
]


@pytest.mark.parametrize(("rule", "file", "code", "line"), BREACHES)
def test_a_breach_is_found_with_its_line_and_reason(rule: str, file: str, code: str, line: int) -> None:
    found = list(house.breaches(RULES[rule], Source(Path(file), code)))
    assert found, code
    assert found[0].startswith(f"{file}:{line}: ")
    assert found[0].endswith(f"({rule}: {RULES[rule].reason})")


@pytest.mark.parametrize(("rule", "file", "code"), FINE)
def test_what_the_rule_does_not_mean_passes(rule: str, file: str, code: str) -> None:
    assert list(house.breaches(RULES[rule], Source(Path(file), code))) == []


@pytest.mark.parametrize(("rule", "file", "code", "line"), BREACHES)
def test_an_escape_with_a_reason_lets_the_line_through(rule: str, file: str, code: str, line: int) -> None:
    lines = code.splitlines() or [""]
    escaped = [f"{text}  # house: {rule} - here it is meant" for text in lines]
    assert list(house.breaches(RULES[rule], Source(Path(file), "\n".join(escaped) + "\n"))) == []


def test_an_escape_on_another_line_helps_nobody() -> None:
    source = Source(Path("bot/people/service.py"), "x = 1  # house: commit - not here\nsession.commit()\n")
    assert len(list(house.breaches(RULES["commit"], source))) == 1


@pytest.mark.parametrize("comment", ["# house: commit", "# house: commit -", "# house: verb - another rule"])
def test_an_escape_needs_the_right_name_and_a_reason(comment: str) -> None:
    source = Source(Path("bot/people/service.py"), f"session.commit()  {comment}\n")
    assert len(list(house.breaches(RULES["commit"], source))) == 1


def test_every_rule_is_shown_broken_and_kept() -> None:
    assert {row[0] for row in BREACHES} == {row[0] for row in FINE} == set(RULES)


def test_without_git_every_visible_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "utils.py").write_text("")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "utils.py").write_text("")
    assert [line.partition(":")[0] for line in house.findings(tmp_path)] == ["bot/utils.py"]


def test_the_command_prints_breaches_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert house.main() == 0
    (tmp_path / "helpers.py").write_text("")
    assert house.main() == 1
    assert capsys.readouterr().out == (
        "helpers.py:1: nothing may be called `helpers` (vague: a vague name attracts everything)\n"
    )
