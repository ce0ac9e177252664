"""The four rules of bot/README.md hold, and each tool that guards them is seen to fail on a planted violation.

A copy of the tree gets one planted violation per line of the tables; the real tool has to name every one of them. All
plants of one tool go into one copy, so that each tool runs once per kind of question.
"""

import importlib.util
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools import house

pytestmark = pytest.mark.xdist_group("architecture")
ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
CONTRACTS = {contract["id"]: contract["name"] for contract in SETTINGS["importlinter"]["contracts"]}
BANNED = SETTINGS["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]


@dataclass(frozen=True)
class Import:
    """An import that a contract forbids."""

    contract: str
    importer: str
    imported: str

    @property
    def said(self) -> str:
        """How the contract names it: by its package when it is not ours."""
        imported = self.imported if self.imported.startswith("bot.") else self.imported.partition(".")[0]
        return f"{self.importer} -> {imported}"


IMPORTS = (
    # 1. Call down, enqueue up.
    Import("call-down", "bot.people.service", "bot.comms.service"),
    Import("call-down", "bot.escalation.service", "bot.approvals.service"),
    Import("call-down", "bot.approvals.service", "bot.rollback.service"),
    Import("call-down", "bot.incidents.worker", "bot.alerts.rules"),
    Import("call-down", "bot.alerts.service", "bot.rollback.service"),
    Import("call-down", "bot.rollback.views", "bot.learning.reports.views"),
    Import("call-down", "bot.incidents.service", "bot.app"),
    Import("call-down", "bot.foundation.outbox", "bot.people.models"),
    Import("call-down", "bot.rollback.rules", "bot.workspace.state"),
    Import("call-down", "bot.app", "bot.workspace.server"),
    Import("call-down", "bot.workspace.store", "bot.app"),
    Import("learning", "bot.learning.reports.rules", "bot.learning.drills"),
    # 2. Inside a capability: doors, views, service, rules, models. Only app.py imports doors.
    Import("inside", "bot.people.models", "bot.people.rules"),
    Import("inside", "bot.comms.rules", "bot.comms.service"),
    Import("inside", "bot.approvals.service", "bot.approvals.views"),
    Import("inside", "bot.escalation.views", "bot.escalation.slack"),
    Import("inside", "bot.incidents.slack", "bot.incidents.worker"),
    Import("inside", "bot.alerts.worker", "bot.alerts.web"),
    Import("inside", "bot.rollback.targets.planted", "bot.rollback.service"),
    Import("inside", "bot.learning.reports.rules", "bot.learning.reports.service"),
    Import("doors", "bot.rollback.slack", "bot.incidents.slack"),
    Import("doors", "bot.rollback.service", "bot.approvals.worker"),
    Import("doors", "bot.learning.reports.web", "bot.alerts.web"),
    Import("doors", "bot.learning.drills", "bot.learning.reports.slack"),
    # 3. Rules and views are pure. Only foundation talks to Slack.
    Import("pure", "bot.people.rules", "sqlmodel"),
    Import("pure", "bot.escalation.rules", "sqlalchemy.orm"),
    Import("pure", "bot.approvals.rules", "bot.foundation.work"),
    Import("pure", "bot.comms.views", "bot.foundation.outbox"),
    Import("pure", "bot.incidents.views", "bot.incidents.service"),
    Import("pure", "bot.rollback.views", "bot.approvals.service"),
    Import("pure", "bot.alerts.rules", "aiohttp"),
    Import("pure", "bot.learning.reports.views", "fastapi"),
    Import("pure", "bot.people.views", "asyncio"),
    Import("slack", "bot.comms.service", "slack_bolt"),
    Import("slack", "bot.escalation.worker", "apscheduler.schedulers"),
    Import("slack", "bot.people.worker", "bot.foundation.slack_port"),
    Import("web", "bot.incidents.service", "fastapi"),
    Import("web", "bot.approvals.slack", "starlette.requests"),
    Import("web", "bot.alerts.worker", "bot.foundation.web_door"),
    Import("blocks", "bot.approvals.service", "slack_sdk.models.blocks"),
    Import("blocks", "bot.comms.rules", "slack_sdk"),
    Import("sync", "bot.approvals.service", "urllib.request"),
    Import("sync", "bot.comms.slack", "asyncio"),
    Import("sync", "bot.learning.reports.service", "aiohttp"),
    # 4. Only a door commits; clock, ids and secrets are handed down.
    Import("commit", "bot.rollback.service", "bot.foundation.db"),
    Import("commit", "bot.escalation.worker", "bot.foundation.sender"),
    Import("commit", "bot.people.slack", "bot.foundation.slack_door.door"),
    Import("moment", "bot.approvals.service", "bot.foundation.clock"),
    Import("moment", "bot.incidents.worker", "bot.foundation.ids"),
    Import("moment", "bot.alerts.web", "bot.foundation.environment"),
    # The workspace is a Slack, and a Slack knows nothing of us.
    Import("workspace", "bot.workspace.state", "bot.foundation.clock"),
    Import("workspace", "bot.workspace.limits", "slack_bolt"),
)
STRAYS = {
    "bot/planted.py": "call-down",
    "bot/people/planted.py": "inside",
    "bot/learning/reports/planted.py": "inside",
    "bot/learning/planted.py": "learning",
}
BREACHES = {
    "commit": ("bot/incidents/planted.py", "def close(work):\n    work.session.commit()\n"),
    "coroutine": ("bot/approvals/rules/planted.py", "async def quorum(facts, now):\n    return []\n"),
    "verb": ("bot/rollback/service/planted.py", "def request(system, work):\n    return None\n"),
    "handler": ("bot/comms/slack/planted.py", "def post(click, work):\n" + "    work.now\n" * 30),
    "length": ("bot/alerts/rules/planted.py", "LIMIT = 1\n" * 401),
    "file-name": ("bot/escalation/planted.py", "LIMIT = 1\n"),
    "vague": ("bot/foundation/helpers.py", "LIMIT = 1\n"),
    "branch": ("bot/people/rules/planted.py", "def why_not(demo):\n    return '' if demo else 'no'\n"),
    "todo": ("bot/foundation/planted.py", '"""TO' + 'DO: say what this is."""\n'),
    "place": ("docs/planted.md", "Look into /" + "root/notes.\n"),
}


def test_every_contract_has_a_planted_violation() -> None:
    assert {planted.contract for planted in IMPORTS} == set(CONTRACTS)


def test_every_house_rule_has_a_planted_violation() -> None:
    assert set(BREACHES) == {rule.name for rule in house.RULES}


@pytest.fixture(scope="module")
def broken_imports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What import-linter says of all planted imports: contract id -> text."""
    tree = _copy(tmp_path_factory.mktemp("imports"))
    for planted in IMPORTS:
        _plant(tree, planted.importer, f"import {planted.imported}\n")
        if planted.imported.startswith("bot."):
            _plant(tree, planted.imported, "")
    return _lint_imports(tree)


@pytest.mark.parametrize("planted", IMPORTS, ids=lambda planted: f"{planted.contract}: {planted.said}")
def test_a_forbidden_import_is_named(broken_imports: dict[str, str], planted: Import) -> None:
    assert planted.said in broken_imports.get(planted.contract, "")


def test_a_stray_file_is_named(tmp_path: Path) -> None:
    """A capability uses only known file names, and bot/ only known capabilities."""
    tree = _copy(tmp_path)
    for stray in STRAYS:
        _write(tree / stray, "")
    broken = _lint_imports(tree)
    for stray, contract in STRAYS.items():
        assert stray.removesuffix(".py").replace("/", ".") in broken[contract]


@pytest.fixture(scope="module")
def banned_calls(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ruff says of one planted use of each banned name."""
    tree = _copy(tmp_path_factory.mktemp("banned"))
    for number, name in enumerate(BANNED):
        _write(tree / f"bot/people/rules/planted_{number}.py", _use(name))
    return _run(tree, BIN / "ruff", "check", "--no-cache", "--output-format", "concise", "bot").stdout


@pytest.mark.parametrize("name", BANNED)
def test_a_banned_name_is_refused_with_its_advice(banned_calls: str, name: str) -> None:
    file = f"bot/people/rules/planted_{list(BANNED).index(name)}.py"
    said = [line for line in banned_calls.splitlines() if line.startswith(file)]
    assert any("TID251" in line and BANNED[name]["msg"] in line for line in said)


@pytest.fixture(scope="module")
def house_says(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the house rules say of one planted breach each."""
    tree = _copy(tmp_path_factory.mktemp("house"))
    for file, code in BREACHES.values():
        _write(tree / file, code)
    return _run(tree, sys.executable, "-m", "tools.house").stdout


@pytest.mark.parametrize("rule", BREACHES)
def test_a_breach_of_a_house_rule_is_named(house_says: str, rule: str) -> None:
    file, _code = BREACHES[rule]
    assert any(line.startswith(f"{file}:") and f"({rule}: " in line for line in house_says.splitlines())


def test_the_tree_as_it_is_passes(tmp_path: Path) -> None:
    tree = _copy(tmp_path)
    assert _lint_imports(tree) == {}
    banned = _run(tree, BIN / "ruff", "check", "--no-cache", "--select", "TID", "--output-format", "concise", "bot")
    assert (banned.returncode, banned.stdout.strip()) == (0, "All checks passed!")
    ours = _run(tree, sys.executable, "-m", "tools.house")
    assert (ours.returncode, ours.stdout) == (0, "")


def _copy(tree: Path) -> Path:
    for folder in ("bot", "tools"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def _plant(tree: Path, module: str, code: str) -> None:
    """Add code to a module, which is made if it is not there yet."""
    path = tree / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.exists() or code not in file.read_text():
        _write(file, (file.read_text() if file.exists() else "") + "\n" + code)


def _write(path: Path, code: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)


def _use(name: str) -> str:
    """Return code that uses a banned name: a module is imported, anything in one is looked up."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        module = ".".join(parts[:end])
        if _is_module(module):
            return f"import {module}\n\nUSED = {name}\n"
    raise AssertionError(f"{name} is banned but does not exist")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _lint_imports(tree: Path) -> dict[str, str]:
    """Run import-linter; returns what it says of each broken contract."""
    result = _run(tree, BIN / "lint-imports", "--no-cache")
    verdicts, _line, details = result.stdout.partition("\nBroken contracts\n")
    assert (result.returncode == 0) == (details == ""), result.stdout + result.stderr
    assert "Contracts\n" in result.stdout, result.stdout + result.stderr
    starts = {contract: details.find(f"\n{name}\n{'-' * len(name)}") for contract, name in CONTRACTS.items()}
    ends = sorted([*starts.values(), len(details)])
    broken = {contract: details[at : ends[ends.index(at) + 1]] for contract, at in starts.items() if at >= 0}
    assert len(broken) == verdicts.count(" BROKEN"), result.stdout
    return broken


def _run(tree: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
