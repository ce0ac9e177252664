"""README, docs, changelog and the Slack manifest say what the program does."""

import ast
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from bot import app, demo
from bot.__main__ import cli
from bot.foundation import slack_port
from bot.foundation.environment import SECRET_PREFIX, Environment
from bot.workspace.limits import RULES

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    path
    for folder in ("", "bot", "config", "messages", "docs", "docs/decisions", "benchmarks")
    for path in (ROOT / folder).glob("*.md")
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
DECISIONS = sorted((ROOT / "docs/decisions").glob("0*.md"))
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "config/slack-manifest.yaml").read_text(encoding="utf-8"))
COMMANDS = cast("TyperGroup", get_command(cli)).commands
NEEDED_BY_EVENTS = {"user_change": {"users:read"}, "app_home_opened": set[str]()}


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading of the README, without its head."""
    table = README.partition(f"# {heading}\n")[2].partition("\n#")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    return cells[2:]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|(?:src|srcset)=\"([^\"]+)\"", text)
    for link in (one or other for one, other in links):
        assert link.startswith("http") or (document.parent / link).exists(), link


# --- README ---------------------------------------------------------------------------------------------------------


def test_the_table_of_variables_is_what_the_program_reads() -> None:
    given = {row[0].strip("`"): row[1].strip("`") for row in rows("Environment")}
    fields = {str(field.alias): field for field in Environment.model_fields.values() if field.alias}
    assert set(given) == {*fields, f"{SECRET_PREFIX}<SOURCE>"}
    for name, field in fields.items():
        if field.default is not None and not field.is_required():
            assert given[name] == str(field.default), name


def test_the_table_of_commands_is_what_the_program_has() -> None:
    described = set(re.findall(r"`backout ([a-z]+)", " ".join(row[0] for row in rows("The command line"))))
    assert described == set(COMMANDS)


@pytest.mark.parametrize("line", sorted(set(re.findall(r"backout [a-z]+ [^`\n|]*--[^`\n|]+", README))))
def test_the_options_that_are_shown_exist(line: str) -> None:
    command = COMMANDS[line.split()[1]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"--[a-z-]+", line)) <= known


def curls() -> list[list[str]]:
    return [shlex.split(line) for line in README.splitlines() if line.startswith("curl ")]


@pytest.mark.parametrize("words", curls(), ids=lambda words: json.loads(words[-1])["groupKey"])
def test_each_story_crosses_a_limit_of_the_example(words: list[str]) -> None:
    """Each curl line starts a situation of `make demo`, on the demo's port, with the demo's secret."""
    assert "http://127.0.0.1:3000/alerts/alertmanager" in words
    assert f"Authorization: Bearer {demo.ALERT_SECRET}" in words
    alert = json.loads(words[-1])["alerts"][0]
    labels, value = alert["labels"], float(alert["annotations"]["value"])
    triggers = yaml.safe_load((ROOT / "config/triggers.yaml").read_text(encoding="utf-8"))["triggers"].values()
    trigger = next(one for one in triggers if one["metric"] == labels["metric"] and labels["system"] in one["systems"])
    assert value > trigger["above"] if "above" in trigger else value < trigger["below"]
    systems = yaml.safe_load((ROOT / "config/systems.yaml").read_text(encoding="utf-8"))["systems"]
    assert labels["version"] == systems[labels["system"]]["versions"][-1]


def test_every_story_of_the_demo_has_its_curl_line() -> None:
    stories = yaml.safe_load((ROOT / "config/demo.yaml").read_text(encoding="utf-8"))["stories"]
    told = [json.loads(words[-1])["alerts"][0]["labels"] for words in curls()]
    wanted = [(story["system"], story["alert"]["version"], story["alert"]["metric"]) for story in stories]
    assert [(labels["system"], labels["version"], labels["metric"]) for labels in told] == wanted


def test_the_changelog_tells_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest
    assert newest.group(1) == version


# --- docs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_one_page_with_four_parts(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert text.startswith(f"# {decision.name[:4]} ")
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(text.splitlines()) <= 60
    assert f"({decision.name})" in (decision.parent / "README.md").read_text(encoding="utf-8")


def test_every_guarantee_names_tests_that_exist() -> None:
    text = (ROOT / "docs/guarantees.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert named
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert not test or f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"


# --- the Slack app --------------------------------------------------------------------------------------------------


def test_the_app_asks_for_exactly_the_scopes_it_needs() -> None:
    """One call less in slack_port.py, and the scope behind it has to go; one more, and it has to be asked for."""
    tree = ast.parse(Path(slack_port.__file__).read_text(encoding="utf-8"))
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    methods = [name for name in constants if isinstance(name, str) and name in RULES]
    needed = {scope.format(kind=kind) for name in methods for scope in RULES[name].scopes for kind in kinds(scope)}
    needed |= {scope for event in bot_events() for scope in NEEDED_BY_EVENTS[event]} | {"commands"}
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed


def kinds(scope: str) -> list[str]:
    """Messages stand in public and private channels and in direct messages with one person, never with several."""
    return ["channels", "groups", "im"] if "{kind}" in scope else [""]


def bot_events() -> list[str]:
    events: list[str] = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    return events


def test_the_app_offers_exactly_what_is_answered() -> None:
    commands = {command["command"] for command in MANIFEST["features"]["slash_commands"]}
    assert commands == {name for router in app.ROUTERS for name in router.commands}
    assert set(bot_events()) == {name for router in app.ROUTERS for name in router.events}
    shortcuts = {shortcut["callback_id"] for shortcut in MANIFEST["features"].get("shortcuts", [])}
    assert shortcuts == {name for router in app.ROUTERS for name in router.shortcuts}


def test_slack_would_take_the_manifest() -> None:
    """The limits of docs.slack.dev/reference/app-manifest."""
    shown = MANIFEST["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 174 <= len(shown["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])
    for command in MANIFEST["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000


def test_every_address_is_the_same_one_to_replace() -> None:
    settings = MANIFEST["settings"]
    addresses = {command["url"] for command in MANIFEST["features"]["slash_commands"]}
    addresses |= {settings["event_subscriptions"]["request_url"], settings["interactivity"]["request_url"]}
    assert addresses == {"https://backout.example.com/slack/events"}
    assert settings["socket_mode_enabled"] is False
