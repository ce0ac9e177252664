"""The wiring list: every file of the configuration, router, message, step, effect, sweep and section, once.

A new capability is added here and nowhere else. The order of sections is the order in which people read them.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from bot.alerts import rules as alerts_rules
from bot.alerts import slack as alerts_slack
from bot.alerts import web as alerts_web
from bot.alerts import worker as alerts_worker
from bot.alerts.models import Triggers
from bot.approvals import rules as approvals_rules
from bot.approvals import slack as approvals_slack
from bot.approvals import worker as approvals_worker
from bot.approvals.models import Matrix
from bot.comms import rules as comms_rules
from bot.comms import service as comms_service
from bot.comms import slack as comms_slack
from bot.comms import worker as comms_worker
from bot.comms.models import CommsPolicy, FallbackPolicy
from bot.comms.routes import Route, make_routes
from bot.escalation import rules as escalation_rules
from bot.escalation import slack as escalation_slack
from bot.escalation import worker as escalation_worker
from bot.escalation.models import EscalationPolicy
from bot.foundation import anchoring, cleaning
from bot.foundation.config import Config, File, load
from bot.foundation.errors import Problem
from bot.foundation.outbox import Kinds, Outgoing, Payload, build_announcement, build_note, build_whisper
from bot.foundation.process import Wiring
from bot.foundation.slack_port import SlackPort
from bot.foundation.work import Reading, Work
from bot.incidents import rules as incidents_rules
from bot.incidents import slack as incidents_slack
from bot.incidents import worker as incidents_worker
from bot.incidents.models import SeverityPolicy, Systems
from bot.people import rules as people_rules
from bot.people import service as people_service
from bot.people import slack as people_slack
from bot.people import worker as people_worker
from bot.people.models import Directory
from bot.rollback import rules as rollback_rules
from bot.rollback import slack as rollback_slack
from bot.rollback import worker as rollback_worker
from bot.rollback.targets import TargetFactory

MessageBuilder = Callable[[Reading, Payload], Outgoing | None]
Step = Callable[[Work, Payload], None]
Part = TypeVar("Part")

FILES = (
    File("people.yaml", Directory),
    File("comms.yaml", CommsPolicy),
    File("fallback.yaml", FallbackPolicy),
    File("escalation.yaml", EscalationPolicy),
    File("raci.yaml", Matrix),
    File("systems.yaml", Systems),
    File("severity.yaml", SeverityPolicy),
    File("triggers.yaml", Triggers),
    File("trail.yaml", anchoring.TrailPolicy),
)
CHECKS: tuple[Callable[[Config], Iterator[Problem]], ...] = (
    people_rules.checks,
    comms_rules.checks,
    comms_rules.fallback_checks,
    escalation_rules.checks,
    approvals_rules.checks,
    incidents_rules.checks,
    alerts_rules.checks,
    rollback_rules.checks,
    anchoring.checks,
)
WARNINGS: tuple[Callable[..., Iterator[Problem]], ...] = (
    comms_rules.warnings,
    comms_rules.unreachable,
    approvals_rules.warnings,
    incidents_rules.warnings,
    anchoring.warnings,
)
ROUTERS = (
    people_slack.router,
    comms_slack.router,
    escalation_slack.router,
    approvals_slack.router,
    incidents_slack.router,
    alerts_slack.router,
    rollback_slack.router,
)
WEB = (alerts_web.router,)
CARD = (
    incidents_slack.card_section,
    alerts_slack.card_section,
    approvals_slack.card_section,
    rollback_slack.card_section,
    escalation_slack.card_section,
    comms_slack.card_section,
    incidents_slack.buttons_section,
)
HOME = (
    approvals_slack.home_section,
    rollback_slack.home_section,
    incidents_slack.home_section,
    alerts_slack.home_section,
    people_slack.on_duty_section,
    approvals_slack.decisions_section,
)
MESSAGES: tuple[Mapping[str, MessageBuilder], ...] = (
    {
        "foundation.whisper": build_whisper,
        "foundation.note": build_note,
        "foundation.announcement": build_announcement,
    },
    anchoring.MESSAGES,
    {"incidents.card": incidents_worker.build_card(CARD), "people.home": people_worker.build_home(HOME)},
    comms_worker.MESSAGES,
    escalation_worker.MESSAGES,
    approvals_worker.MESSAGES,
    alerts_worker.MESSAGES,
    rollback_worker.MESSAGES,
)
STEPS: tuple[Mapping[str, Step], ...] = (
    people_worker.STEPS,
    approvals_worker.STEPS,
    incidents_worker.STEPS,
    rollback_worker.STEPS,
)
SWEEPS = (
    *people_worker.SWEEPS,
    *comms_worker.SWEEPS,
    *escalation_worker.SWEEPS,
    *approvals_worker.SWEEPS,
    *incidents_worker.SWEEPS,
    *alerts_worker.SWEEPS,
    *rollback_worker.SWEEPS,
    cleaning.SWEEP,
    anchoring.SWEEP,
)


def load_config(config: Path, messages: Path) -> Config:
    """Read and check everything in `config/` and `messages/` (ConfigError with every problem)."""
    return load(config, FILES, CHECKS, [partial(comms_service.read_library, messages)])


def kinds(
    ask_account: Callable[[str], Awaitable[Mapping[str, Any] | None]],
    ask_group: Callable[[str], Awaitable[Sequence[str]]],
    targets: TargetFactory,
    routes: Mapping[str, Route],
) -> Kinds:
    """List everything that can leave or come due."""
    return Kinds(
        messages=_together(MESSAGES),
        steps=_together(STEPS),
        effects=_together(
            (
                {"people.refresh": people_worker.refresh_effect(ask_account)},
                {"people.read_groups": people_worker.groups_effect(ask_group)},
                comms_worker.effects(routes),
                rollback_worker.effects(targets),
                anchoring.EFFECTS,
            )
        ),
        sweeps=SWEEPS,
    )


def wiring(config: Config, slack: SlackPort, targets: TargetFactory, smtp_password: str = "") -> Wiring:
    """Bring the capabilities together for a process."""
    routes = make_routes(config[FallbackPolicy], smtp_password)
    return Wiring(
        routers=ROUTERS,
        web=WEB,
        kinds=kinds(slack.account, slack.group_members, targets, routes),
        identify=people_service.identify,
        fallback_channel=config[Systems].default_channel,
        readiness={"people": people_service.unchecked, "trail": anchoring.trouble},
    )


def _together(parts: Iterable[Mapping[str, Part]]) -> dict[str, Part]:
    return {name: part for each in parts for name, part in each.items()}
