"""Which source needs which test, and which test has no source."""

from pathlib import Path

import pytest

from tools import mirror

FUNCTION = "def decide():\n    return 1\n"
TABLE = "class Vote:\n    person: str = ''\n"


def write(root: Path, *paths: str, content: str = FUNCTION) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)


MATCHED = [
    ("bot/people/rules.py", "tests/people/test_rules.py"),
    ("bot/people/rules.py", "tests/people/rules/test_rotas.py"),
    ("bot/people/rules/rotas.py", "tests/people/rules/test_rotas.py"),
    ("bot/people/rules/rotas.py", "tests/people/test_rules.py"),
    ("bot/people/__init__.py", "tests/people/test_init.py"),
    ("bot/people/service/__init__.py", "tests/people/test_service.py"),
    ("bot/foundation/migrations/__init__.py", "tests/foundation/test_migrations.py"),
    ("bot/learning/reports/views.py", "tests/learning/reports/test_views.py"),
    ("bot/learning/reports/views/text.py", "tests/learning/reports/test_views.py"),
    ("bot/app.py", "tests/test_app.py"),
    ("bot/__main__.py", "tests/test_main.py"),
]
UNMATCHED = [
    ("bot/people/rules.py", "tests/test_people.py"),
    ("bot/people/rules/rotas.py", "tests/people/rules/test_zones.py"),
    ("bot/learning/reports/views.py", "tests/learning/test_reports.py"),
    ("bot/people/service.py", "tests/people/test_servise.py"),
    ("bot/people/service.py", "tests/comms/test_service.py"),
]


@pytest.mark.parametrize(("source", "test"), MATCHED)
def test_a_source_and_its_test_belong_together(tmp_path: Path, source: str, test: str) -> None:
    write(tmp_path, source, test)
    assert mirror.problems(tmp_path) == []


@pytest.mark.parametrize(("source", "test"), UNMATCHED)
def test_a_source_without_a_test_is_named(tmp_path: Path, source: str, test: str) -> None:
    write(tmp_path, source, test)
    assert any(problem.startswith(f"{source} has no test: write tests/") for problem in mirror.problems(tmp_path))


@pytest.mark.parametrize("test", ["tests/people/test_servise.py", "tests/test_nothing.py", "tests/tools/test_gone.py"])
def test_a_test_without_a_source_is_named(tmp_path: Path, test: str) -> None:
    write(tmp_path, test)
    assert mirror.problems(tmp_path) == [
        f"{test} tests nothing: there is no {mirror.sources(Path(test))[0]} (a situation belongs in tests/stories/)"
    ]


def test_one_missing_test_is_said_with_the_places_where_it_may_stand(tmp_path: Path) -> None:
    write(tmp_path, "bot/people/rules/rotas.py")
    assert mirror.problems(tmp_path) == [
        "bot/people/rules/rotas.py has no test: write tests/people/rules/test_rotas.py or tests/people/test_rules.py"
    ]


@pytest.mark.parametrize(
    ("name", "content", "needed"),
    [
        ("models.py", TABLE, False),
        ("models.py", TABLE + "    def late(self):\n        return True\n", True),
        ("rules.py", TABLE, True),
        ("rules.py", "LIMIT = 1\n", False),
        ("__init__.py", '"""Words."""\n\nfrom bot.people.rules import decide\n\n__all__ = ["decide"]\n', False),
        ("__init__.py", FUNCTION, True),
        ("worker.py", "async def act():\n    return 1\n", True),
    ],
)
def test_only_what_can_run_needs_a_test(tmp_path: Path, name: str, content: str, needed: bool) -> None:
    (tmp_path / name).write_text(content)
    assert mirror.needs_test(tmp_path / name) is needed


def test_situations_and_what_tests_stand_on_have_no_source(tmp_path: Path) -> None:
    write(tmp_path, "tests/stories/test_outage.py", "tests/browser/test_page.py", "tests/support/test_clock.py")
    write(tmp_path, "tests/workspace/page/test_in_chromium.py")
    write(tmp_path, *(f"tests/{name}" for name in mirror.ACROSS))
    assert mirror.problems(tmp_path) == []


def test_migrations_are_tested_together(tmp_path: Path) -> None:
    write(tmp_path, "bot/foundation/migrations/versions/0001_begin.py")
    assert mirror.problems(tmp_path) == []


def test_the_command_counts_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert mirror.main() == 0
    write(tmp_path, "bot/app.py")
    assert mirror.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "bot/app.py has no test: write tests/test_app.py",
        "1 files without their mirror; tools/mirror.py says how names correspond",
    ]
