"""Does `triggers.yaml` make sense, with the systems and the severity policy beside it?"""

import math
import re
from collections.abc import Iterator

from bot.alerts.models import Family, Triggers
from bot.foundation.config import Config
from bot.foundation.errors import Problem
from bot.incidents.models import SeverityPolicy, Systems
from bot.incidents.rules import nearest

_SOURCE = re.compile(r"[a-z][a-z0-9-]{0,39}")


def checks(config: Config) -> Iterator[Problem]:
    """Say what is wrong with sources, mapping and triggers, and which families of `severity.yaml` do not exist."""
    yield from _source_problems(config)
    yield from _limit_problems(config)
    yield from _system_problems(config)
    yield from _family_problems(config)


def _source_problems(config: Config) -> Iterator[Problem]:
    triggers, document = config[Triggers], config.document(Triggers)
    for name in triggers.sources:
        if not _SOURCE.fullmatch(name):
            what = f"“{name}” cannot be part of an address"
            yield document.problem(("sources", name), what, "use small letters, digits and hyphens: alertmanager-eu")
    for name in triggers.rates:
        if name not in triggers.sources:
            meant = nearest(name, triggers.sources)
            mend = f"did you mean “{meant}”?" if meant else "name one of the sources"
            yield document.problem(("rates", name), f"“{name}” is not a source", mend)
    for field, names in triggers.mapping:
        if not names:
            what = f"no label says the {field}, so no alert could be understood"
            yield document.problem(("mapping", field), what, f"name at least one label, or remove “{field}”")


def _limit_problems(config: Config) -> Iterator[Problem]:
    document = config.document(Triggers)
    for name, trigger in config[Triggers].triggers.items():
        at = ("triggers", name)
        limits = [limit for limit in (trigger.above, trigger.below) if limit is not None]
        if len(limits) != 1:
            what = f"{name} has {'no limit' if not limits else 'both “above” and “below”'}"
            yield document.problem(at, what, "give it one limit; write two triggers to watch both directions")
        if not all(math.isfinite(limit) for limit in limits):
            yield document.problem(at, f"the limit of {name} is no finite number", "give a number")


def _system_problems(config: Config) -> Iterator[Problem]:
    document, systems = config.document(Triggers), config[Systems].systems
    for name, trigger in config[Triggers].triggers.items():
        for place, system in enumerate(trigger.systems):
            if system not in systems:
                meant = nearest(system, systems)
                mend = f"did you mean “{meant}”?" if meant else "name a system of systems.yaml"
                what = f"{name} watches “{system}”, which is not in systems.yaml"
                yield document.problem(("triggers", name, "systems", place), what, mend)


def _family_problems(config: Config) -> Iterator[Problem]:
    document, known = config.document(SeverityPolicy), [str(family) for family in Family]
    for place, node in enumerate(config[SeverityPolicy].nodes):
        for family in sorted(set(node.families) - set(known)):
            meant = nearest(family, known)
            mend = f"did you mean “{meant}”?" if meant else f"there are: {', '.join(known)}"
            what = f"“{family}” is not a family of signals"
            yield document.problem(("nodes", place, "families"), what, mend)
