"""The wiring: whatever is enqueued has a handler, whatever can be pressed has a listener."""

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

from bot import app
from bot.foundation.slack_port import SlackClient
from bot.incidents.models import Systems
from bot.rollback.targets import default_targets
from tests.support.clock import VirtualClock

SOURCES = sorted(path for path in Path("bot").rglob("*.py") if "workspace" not in path.parts)


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a function or method with this name in the product."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == name:
                yield path, node


def literal(call: ast.Call, position: int, keyword: str) -> str | None:
    """A string argument, if it is written out."""
    given = [call.args[position]] if len(call.args) > position else [k.value for k in call.keywords if k.arg == keyword]
    return next((arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)), None)


def test_the_configuration_as_shipped_is_in_order() -> None:
    """R158, R159: the example organisation works as it is."""
    assert app.load_config(Path("config"), Path("messages"))[Systems].systems


def test_every_enqueued_kind_has_a_handler() -> None:
    slack = SlackClient("xoxb-nobody", "http://127.0.0.1:9/api/", VirtualClock())
    kinds = app.kinds(slack.account, slack.group_members, default_targets(), {})
    enqueued = {kind for _path, call in calls("enqueue") if (kind := literal(call, 0, "kind"))}
    assert enqueued
    assert {kind for kind in enqueued if kind not in kinds} == set()


def test_every_button_and_form_has_a_listener() -> None:
    buttons = {name for router in app.ROUTERS for name in router.buttons}
    forms = {name for router in app.ROUTERS for name in router.forms}
    pressed = {name for _path, call in calls("button") if (name := literal(call, 1, "action")) and "." in name}
    submitted = {
        name
        for _path, call in calls("modal")
        if (name := literal(call, 0, "callback")) and any(keyword.arg == "submit" for keyword in call.keywords)
    }
    assert pressed
    assert submitted
    assert pressed - buttons == set()
    assert submitted - forms == set()


def test_every_command_of_the_manifest_is_answered_and_no_other() -> None:
    manifest = yaml.safe_load(Path("config/slack-manifest.yaml").read_text())
    promised = {command["command"] for command in manifest["features"]["slash_commands"]}
    assert promised == {name for router in app.ROUTERS for name in router.commands}


def test_every_event_of_the_manifest_is_listened_to_and_no_other() -> None:
    manifest = yaml.safe_load(Path("config/slack-manifest.yaml").read_text())
    promised = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert promised == {kind for router in app.ROUTERS for kind in router.events}
