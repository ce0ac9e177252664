"""What a request for approval looks like: on the card, in its forms, under “Waiting for you”. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from slack_sdk.models.blocks import ActionsBlock, Block
from slack_sdk.models.views import View

from bot.approvals import rules
from bot.approvals.models import Consultation, Question, Request, RoundState, Vote
from bot.foundation.blocks import (
    Markup,
    Message,
    Section,
    actions,
    button,
    channel_link,
    clip,
    context,
    header,
    join,
    mention,
    modal,
    moment,
    mrkdwn,
    quote,
    section,
    text_input,
)

APPROVE = "approvals.approve"
REJECT = "approvals.reject"
ASK = "approvals.ask_information"
ABSTAIN = "approvals.abstain"
WITHDRAW = "approvals.withdraw"
ADVISE = "approvals.advise"
REASON_ON_CARD = 300
HOME_LINES = 10
DECISIONS = 5
SUMMARY_IN_LINE = 200


def ask(text: Markup) -> Message:
    """The message that asks, word for word."""
    return Message(text, [section(text)])


def consult(request: Request, asked: Consultation) -> Message:
    """The question to somebody who is consulted, with its button."""
    text = mrkdwn(
        "💬 *Your advice on {subject}* ({title}): {summary}\nAsked by {requester}, {when}:\n{reason}\n"
        "What should those who decide know? Please answer by {until}; they see it on the card in {channel}. "
        "They do not wait for it.",
        subject=request.subject, title=asked.title, summary=request.summary, requester=mention(request.requester),
        when=moment(request.asked_at), reason=quote(clip(request.reason, REASON_ON_CARD)), until=moment(asked.until),
        channel=channel_link(request.channel),
    )  # fmt: skip
    about = {"request": request.id, "role": asked.role}
    return Message(text, [section(text), actions(button("Answer", ADVISE, about), block_id="approvals.consult")])


def advice_form(request: Request, asked: Consultation) -> View:
    """The form in which somebody who is consulted answers."""
    then = mrkdwn("You are asked as *{title}*. Others decide, and do not wait for it.", title=asked.title)
    hint = "Shown on the card and in the thread with your name, and kept in the trail."
    words = text_input("text", "What should those who decide know?", hint=hint)
    about = {"request": request.id, "role": asked.role}
    return modal(
        ADVISE, "Your advice", [section(_plan(request)), section(then), words], submit="Answer", metadata=about
    )


def summary(request: Request, consulted: Sequence[Consultation], otherwise: str) -> Message:
    """The one message to somebody who is informed, when it is decided."""
    text = mrkdwn(
        "{state} *{subject}*, severity {severity}: {summary}\n{ending}\nAsked by {requester}: {reason}{consulted}\n"
        "This is for your information, and nothing is asked of you. The card is in {channel}.",
        state=_STATES[RoundState(request.state)], subject=request.subject, severity=request.severity,
        summary=request.summary, ending=_ending(request, otherwise), requester=mention(request.requester),
        reason=clip(" ".join(request.reason.split()), REASON_ON_CARD), channel=channel_link(request.channel),
        consulted=join("", [Markup("\n"), _consulted(consulted)]) if consulted else "",
    )  # fmt: skip
    return Message(text, [section(text)])


def card(
    request: Request,
    tally: rules.Tally,
    *,
    asked: Sequence[rules.Asked] = (),
    questions: Sequence[Question] = (),
    consulted: Sequence[Consultation] = (),
    names: Mapping[str, str],
    otherwise: str,
) -> Section:
    """Our part of the card: what is asked, by whom and why, who has said what, who is missing, by when, what then.

    Once it is decided, what matters is what came of it: why it was asked is detail, and so are votes that approved.
    """
    advice = [context(_consulted(consulted))] if consulted else []
    talk = [context(_question(question)) for question in questions]
    if request.state == RoundState.ASKED:
        asking = join("\n", [_title(request), _reason(request)])
        parts = [asking, _lines(tally, asked, names, request.deputies_from), _deadline(request, otherwise)]
        return Section([*(section(part) for part in parts if part), *advice, *_buttons(request, tally)], talk)
    title = section(join("\n", [_title(request), _ending(request, otherwise)]))
    votes, reason = section(_lines(tally, (), names, None)), section(_reason(request))
    if request.state == RoundState.APPROVED:
        return Section([title], [reason, votes, *advice, *talk])
    return Section([title, votes], [reason, *advice, *talk])


def approve_form(request: Request, seat: rules.Asked, names: Mapping[str, str], *, is_last: bool) -> View:
    """The form in which somebody says yes."""
    then = (
        "Yours is the last approval that is missing: what was asked begins at once."
        if is_last
        else "It begins at once when the other approvals are given, too. One rejection stops it."
    )
    return _form(APPROVE, "Approve", request, [_capacity(seat, names), Markup(then)], "Why do you approve?")


def reject_form(request: Request, otherwise: str) -> View:
    """The form in which somebody says no."""
    then = mrkdwn("Your rejection closes the request, whatever others have answered: {otherwise}.", otherwise=otherwise)
    return _form(REJECT, "Reject", request, [then], "Why do you reject?")


def abstain_form(request: Request) -> View:
    """The form in which somebody says neither yes nor no."""
    then = Markup("Your deputy and others who may decide in your place are asked at once. The request stays open.")
    return _form(ABSTAIN, "Abstain", request, [then], "Why do you abstain?")


def withdraw_form(request: Request) -> View:
    """The form in which somebody takes their answer back."""
    then = Markup("Your answer does not count any more, and it waits for an answer again. You may give another one.")
    return _form(WITHDRAW, "Take back", request, [then], "Why do you take your answer back?")


def question_form(request: Request) -> View:
    """The form in which an approver wants to know more."""
    then = mrkdwn("{who} is asked in the thread. The request stays open.", who=mention(request.requester))
    parts = [section(_plan(request)), section(then), text_input("text", "What do you need to know?")]
    return modal(ASK, "Ask for information", parts, submit="Ask", metadata=_about(request))


def home(
    waiting: Sequence[tuple[Request, rules.Asked]], names: Mapping[str, str], now: datetime, *, named: int | None = None
) -> Section:
    """Our part of App Home: what waits for this person, the one that expires first in front.

    `named` is how many open requests name them when those are too many to look at each.
    """
    if not waiting and named is None:
        return Section([header("Waiting for you"), section("Nothing waits for your decision.")])
    shown = [part for request, seat in waiting[:HOME_LINES] for part in _home_line(request, seat, names, now)]
    rest = len(waiting) - HOME_LINES
    more = [context(f"and {rest} more, on the cards of their incidents")] if rest > 0 else []
    if named is not None:
        more = [context(f"and more, on the cards of their incidents: {named} open requests name you")]
    return Section([header(f"Waiting for you: {len(waiting)}{'' if named is None else ' and more'}"), *shown, *more])


def decisions(ended: Sequence[Request]) -> Section:
    """What was decided lately, a line each; nothing while nothing was."""
    if not ended:
        return Section()
    lines = [
        mrkdwn(
            "{state}, {when}: {summary} · {subject}",
            state=_STATES[RoundState(request.state)],
            when=moment(request.decided_at) if request.decided_at else "",
            summary=clip(request.summary, SUMMARY_IN_LINE),
            subject=request.subject,
        )
        for request in ended
    ]
    return Section([], [header("Decided lately"), section(join("\n", lines))])


def _form(callback: str, verb: str, request: Request, words: Sequence[Markup], label: str) -> View:
    parts: list[Block] = [
        section(_plan(request)),
        section(join("\n", words)),
        text_input("reason", label, hint="Kept in the trail with your name, and shown on the card."),
    ]
    return modal(callback, f"{verb}: {request.subject}", parts, submit=verb, metadata=_about(request))


def _title(request: Request) -> Markup:
    return mrkdwn(
        "{state}{round}: *{summary}*",
        state=_STATES[RoundState(request.state)],
        round=f" (asked again, round {request.round})" if request.round > 1 else "",
        summary=request.summary,
    )


def _reason(request: Request) -> Markup:
    return mrkdwn(
        "Asked by {requester}, {when}:\n{reason}",
        requester=mention(request.requester),
        when=moment(request.asked_at),
        reason=quote(clip(request.reason, REASON_ON_CARD)),
    )


def _plan(request: Request) -> Markup:
    return mrkdwn(
        "*{summary}*\n{subject}, severity {severity}. The card has the plan, word for word (`{digest}`).\n"
        "Asked by {requester}, {when}:\n{reason}",
        summary=request.summary,
        subject=request.subject,
        severity=request.severity,
        digest=rules.short(request.plan_digest),
        requester=mention(request.requester),
        when=moment(request.asked_at),
        reason=quote(request.reason),
    )


def _capacity(seat: rules.Asked, names: Mapping[str, str]) -> Markup:
    if seat.on_behalf_of is None:
        return mrkdwn("You approve as *{title}*.", title=seat.slot.title)
    holder = names.get(seat.on_behalf_of, seat.on_behalf_of)
    return mrkdwn("You approve as *{title}*, in place of {holder}.", title=seat.slot.title, holder=holder)


def _lines(
    tally: rules.Tally, asked: Sequence[rules.Asked], names: Mapping[str, str], deputies_from: datetime | None
) -> Markup:
    lines = [
        mrkdwn("✅ *{title}:* {vote}", title=line.slot.title, vote=_voter(line.vote, names))
        if line.vote
        else mrkdwn("⬜ *{title}:* {who}", title=line.slot.title, who=_missing(line.slot, asked, names, deputies_from))
        for line in tally.lines
    ]
    lines += [mrkdwn("➖ *Abstained:* {vote}", vote=_voter(vote, names)) for vote in tally.abstained]
    if tally.rejection:
        lines.append(mrkdwn("⛔ *Rejected:* {vote}", vote=_voter(tally.rejection, names)))
    return join("\n", lines)


def _voter(vote: Vote, names: Mapping[str, str]) -> Markup:
    holder = f" for {names.get(vote.on_behalf_of, vote.on_behalf_of)}" if vote.on_behalf_of else ""
    return mrkdwn(
        "{who}{holder}, {when}: “{why}”",
        who=mention(vote.person),
        holder=holder,
        when=moment(vote.at),
        why=clip(" ".join(vote.reason.split()), REASON_ON_CARD),
    )


def _missing(
    slot: rules.Slot, asked: Sequence[rules.Asked], names: Mapping[str, str], deputies_from: datetime | None
) -> Markup:
    if deputies_from is None:
        return Markup("not given")
    here = [one for one in asked if one.slot == slot]
    now = mrkdwn("waits for {who}", who=join(", ", [_asked(one, names) for one in here])) if here else _NOBODY
    already = {one.person for one in here}
    later = list(dict.fromkeys(one.person for one in slot.deputies if one.person not in already))
    if not later:
        return now
    deputies = " or ".join(names.get(person, person) for person in later)
    return mrkdwn("{now}; {who} may stand in from {when}", now=now, who=deputies, when=moment(deputies_from))


def _asked(one: rules.Asked, names: Mapping[str, str]) -> Markup:
    if one.on_behalf_of is None:
        return mention(one.person)
    return mrkdwn("{who} (for {holder})", who=mention(one.person), holder=names.get(one.on_behalf_of, one.on_behalf_of))


def _deadline(request: Request, otherwise: str) -> Markup:
    if request.expires_at is None:
        return Markup("")
    return mrkdwn(
        "⏳ Expires {when}. If it is not complete by then, {then}.", when=moment(request.expires_at), then=otherwise
    )


def _ending(request: Request, otherwise: str) -> Markup:
    when = moment(request.decided_at or request.asked_at)
    match request.state:
        case RoundState.APPROVED:
            return mrkdwn("Decided {when}, {who}.", when=when, who=request.outcome)
        case RoundState.REJECTED:
            return mrkdwn("Decided {when}: {then}.", when=when, then=otherwise)
        case RoundState.EXPIRED:
            return mrkdwn("Ended {when}. {why} So {then}.", when=when, why=request.outcome, then=otherwise)
    return mrkdwn("Ended {when}. {why}", when=when, why=request.outcome)


def _question(question: Question) -> Markup:
    why = clip(" ".join(question.text.split()), REASON_ON_CARD)
    return mrkdwn("❓ {who} asked, {when}: “{why}”", who=mention(question.person), when=moment(question.at), why=why)


def _consulted(consulted: Sequence[Consultation]) -> Markup:
    return mrkdwn("💬 *Consulted:* {all}", all=join("; ", [_advice(one) for one in consulted]))


def _advice(one: Consultation) -> Markup:
    if one.answered_by and one.answered_at:
        said = clip(" ".join(one.answer.split()), REASON_ON_CARD)
        who, when = mention(one.answered_by), moment(one.answered_at)
        return mrkdwn("{title} ({who}): “{said}”, {when}", title=one.title, who=who, said=said, when=when)
    if not one.people:
        return mrkdwn("{title}: nobody else to ask", title=one.title)
    return mrkdwn("{title}: not answered, asked until {until}", title=one.title, until=moment(one.until))


def _buttons(request: Request, tally: rules.Tally) -> list[ActionsBlock]:
    if request.state != RoundState.ASKED:
        return []
    about = _about(request)
    return [
        actions(
            button("Approve", APPROVE, about, style="primary"),
            button("Reject", REJECT, about, style="danger"),
            button("Ask for more information", ASK, about),
            button("Abstain", ABSTAIN, about),
            *([button("Take my answer back", WITHDRAW, about)] if tally.given or tally.abstained else []),
            block_id=f"approvals.actions:{request.id}:{request.round}",
        )
    ]


def _home_line(request: Request, seat: rules.Asked, names: Mapping[str, str], now: datetime) -> list[Block]:
    text = mrkdwn(
        "*{summary}* · {subject} · severity {severity}\n{capacity} Expires {when}{left}.",
        summary=request.summary,
        subject=request.subject,
        severity=request.severity,
        capacity=_capacity(seat, names),
        when=moment(request.expires_at) if request.expires_at else "never",
        left=f" ({_left(request.expires_at - now)} left)" if request.expires_at else "",
    )
    about = _about(request)
    buttons = actions(
        button("Approve", APPROVE, about, style="primary"),
        button("Reject", REJECT, about, style="danger"),
        block_id=f"approvals.home:{request.id}:{request.round}",
    )
    return [section(text), buttons]


def _left(time: timedelta) -> str:
    minutes = max(int(time.total_seconds()) // 60, 0)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _about(request: Request) -> dict[str, str | int]:
    return {"request": request.id, "round": request.round}


_NOBODY = Markup("nobody can answer now")
_STATES = {
    RoundState.ASKED: Markup("✋ *Approval needed*"),
    RoundState.APPROVED: Markup("🗳️ *Approved*"),
    RoundState.REJECTED: Markup("⛔ *Rejected*"),
    RoundState.VOID: Markup("🚫 *Void*"),
    RoundState.EXPIRED: Markup("⌛ *Expired*"),
}
