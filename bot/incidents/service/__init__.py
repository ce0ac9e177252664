"""The verbs of incidents, and the questions asked about them."""

from bot.incidents.service.briefing import refresh_briefing
from bot.incidents.service.deciders import Deciders, deciders
from bot.incidents.service.opening import open_or_join
from bot.incidents.service.queries import (
    count_open,
    get,
    known_system,
    lead_of,
    led_by,
    name_of,
    names_in,
    open_among,
    open_for,
    open_incidents,
    status_text,
    system_named,
)
from bot.incidents.service.reporting import report
from bot.incidents.service.verbs import (
    acknowledge,
    change_severity,
    close,
    confirm_lowering,
    decline_lowering,
    may_change,
    may_close,
    move_updates_due,
    next_update_due,
    set_containment,
)

__all__ = [
    "Deciders",
    "acknowledge",
    "change_severity",
    "close",
    "confirm_lowering",
    "count_open",
    "deciders",
    "decline_lowering",
    "get",
    "known_system",
    "lead_of",
    "led_by",
    "may_change",
    "may_close",
    "move_updates_due",
    "name_of",
    "names_in",
    "next_update_due",
    "open_among",
    "open_for",
    "open_incidents",
    "open_or_join",
    "refresh_briefing",
    "report",
    "set_containment",
    "status_text",
    "system_named",
]
