"""Does a signal matter? Its value against the limits of the triggers that watch it."""

from dataclasses import dataclass

from bot.alerts.models import Finding, LabelMapping, Trigger, Triggers
from bot.alerts.rules.mapping import Measure, Subject, number_words

_PERCENT = frozenset({"%", "percent", "per cent", "pct"})
_SHARE = frozenset({"share", "ratio", "fraction"})
_SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Judgement:
    """What was made of a signal.

    Attributes:
        trigger: Name of the trigger that was breached, or that was kept to.
        value: The measured value in that trigger's unit (without a trigger: as written); None if it cannot be read.
        note: What people should know about this judgement; empty if nothing.
    """

    finding: Finding
    trigger: str | None = None
    value: float | None = None
    note: str = ""


def judge(triggers: Triggers, subject: Subject, system: str | None) -> Judgement:
    """Judge one signal. `system` is the name in `systems.yaml`, None if its system is not there.

    A value that is missing or cannot be compared counts as a breach: the source's own rule has fired.
    """
    missing = _missing(triggers.mapping, subject, system)
    if missing or system is None:
        return Judgement(Finding.NEEDS_CONTEXT, None, _written(subject), missing)
    watching = watching_triggers(triggers, subject.metric, system)
    if not watching:
        note = f"No trigger watches {subject.metric} of {system}."
        return Judgement(Finding.NO_TRIGGER, None, _written(subject), note)
    judged = [_judge_one(name, trigger, subject.measure) for name, trigger in watching.items()]
    return max(judged, key=_weight)


def watching_triggers(triggers: Triggers, metric: str, system: str) -> dict[str, Trigger]:
    """Return the triggers on a metric of a system."""
    return {
        name: trigger
        for name, trigger in triggers.triggers.items()
        if trigger.metric.casefold() == metric.casefold() and (not trigger.systems or system in trigger.systems)
    }


def is_breached(trigger: Trigger, value: float) -> bool:
    """Say whether a value in the trigger's unit crosses its limit; the limit itself is still within."""
    over = trigger.above is not None and value > trigger.above
    under = trigger.below is not None and value < trigger.below
    return over or under


def in_unit(measure: Measure, unit: str) -> float | None:
    """Return a measured number in a trigger's unit (without a unit: as it is); None where nobody can say how."""
    written, wanted = _unit(measure.unit), _unit(unit)
    if written in ("", wanted) or (written in _PERCENT and wanted in _PERCENT):
        return measure.number
    if written in _PERCENT and wanted in _SHARE:
        return measure.number / 100
    if written in _SHARE and wanted in _PERCENT:
        return measure.number * 100
    if written in _SECONDS and wanted in _SECONDS:
        return measure.number * _SECONDS[written] / _SECONDS[wanted]
    return None


def value_words(value: float | None, trigger: Trigger | None) -> str:
    """Return a value with its unit: “2.1 %”."""
    if value is None:
        return "no value that can be read"
    return f"{number_words(value)} {trigger.unit}" if trigger else number_words(value)


def limit_words(trigger: Trigger) -> str:
    """Return a trigger's limit: “at least 3 % over 30 min”."""
    bounds = [
        f"{words} {number_words(limit)} {trigger.unit}"
        for words, limit in (("at least", trigger.below), ("at most", trigger.above))
        if limit is not None
    ]
    return f"{' and '.join(bounds)} over {trigger.window}"


def breach_words(metric: str, value: float | None, trigger: Trigger, since: str) -> str:
    """Return a breach as one sentence for the thread and the trail."""
    if value is None:
        return (
            f"{trigger.title}: {metric} since {since}. Its source sent no value that can be compared, "
            f"so the source's own rule counts as the limit (ours: {limit_words(trigger)})."
        )
    return (
        f"{trigger.title}: {metric} is {value_words(value, trigger)} (allowed: {limit_words(trigger)}) since {since}."
    )


def _missing(mapping: LabelMapping, subject: Subject, system: str | None) -> str:
    if subject.system is None:
        return f"No label says which system it is about (looked for: {', '.join(mapping.system)})."
    if system is None:
        return f"Its system “{subject.system}” is not in systems.yaml."
    if subject.version is None:
        return f"No label says which version of {system} it is about (looked for: {', '.join(mapping.version)})."
    return ""


def _judge_one(name: str, trigger: Trigger, measure: Measure | None) -> Judgement:
    value = in_unit(measure, trigger.unit) if measure else None
    if value is None:
        note = "Its source sent no value that can be compared; the source's own rule counts as the limit."
        return Judgement(Finding.BREACHED, name, None, note)
    return Judgement(Finding.BREACHED if is_breached(trigger, value) else Finding.WITHIN_LIMIT, name, value)


def _weight(judgement: Judgement) -> tuple[bool, bool]:
    return judgement.finding == Finding.BREACHED, judgement.value is not None


def _written(subject: Subject) -> float | None:
    return subject.measure.number if subject.measure else None


def _unit(unit: str) -> str:
    folded = " ".join(unit.casefold().split())
    return folded.removesuffix("s") if len(folded) > 2 else folded
