"""The door for people: approve, reject, abstain, take back, ask; our parts of the card and of App Home."""

from bot.approvals import service, views
from bot.approvals.models import Choice, Request, RoundState
from bot.foundation.blocks import Section
from bot.foundation.errors import Refusal
from bot.foundation.router import Answer, Click, Form, Open, Router, Say
from bot.foundation.work import Reading, Work

LOOKED_AT = 100
"""Of so many open requests App Home finds out whether somebody may decide them now; more is said as a number."""
router = Router()


@router.button(views.APPROVE)
def open_approve_form(click: Click, work: Work) -> Answer:
    """Show what would be approved, and ask why; who may not approve is told so before typing anything."""
    request = _request(click, work, Choice.APPROVE)
    seat = service.seat_of(work, request, work.actor.id)
    if seat is None:
        raise Refusal("You cannot approve this now. Look at the card as it stands now.")
    tally = service.tally(work, request)
    is_last = tally.given == len(tally.lines) - 1
    return Open(views.approve_form(request, seat, service.names(work, request), is_last=is_last))


@router.button(views.REJECT)
def open_reject_form(click: Click, work: Work) -> Answer:
    """Show what would be rejected, and ask why."""
    request = _request(click, work, Choice.REJECT)
    return Open(views.reject_form(request, service.otherwise(work, request)))


@router.button(views.ASK)
def open_question_form(click: Click, work: Work) -> Answer:
    """Ask what the approver needs to know."""
    return Open(views.question_form(_request(click, work, None)))


@router.button(views.ABSTAIN)
def open_abstain_form(click: Click, work: Work) -> Answer:
    """Ask why somebody says neither yes nor no."""
    return Open(views.abstain_form(_request(click, work, Choice.ABSTAIN)))


@router.button(views.WITHDRAW)
def open_withdraw_form(click: Click, work: Work) -> Answer:
    """Ask why somebody takes their answer back."""
    request, _vote = service.may_withdraw(work, click.value["request"], click.value.number("round"))
    return Open(views.withdraw_form(request))


@router.button(views.ADVISE)
def open_advice_form(click: Click, work: Work) -> Answer:
    """Ask what somebody who is consulted has to say."""
    request, asked = service.may_advise(work, click.value["request"], click.value["role"])
    return Open(views.advice_form(request, asked))


@router.form(views.APPROVE)
def approve(form: Form, work: Work) -> Answer:
    """Count the approval, or say why not."""
    return _say(service.approve(work, form.metadata["request"], form.metadata.number("round"), form.values["reason"]))


@router.form(views.REJECT)
def reject(form: Form, work: Work) -> Answer:
    """Close the round with a no, or say why not."""
    return _say(service.reject(work, form.metadata["request"], form.metadata.number("round"), form.values["reason"]))


@router.form(views.ABSTAIN)
def abstain(form: Form, work: Work) -> Answer:
    """Let others decide, or say why not."""
    return _say(service.abstain(work, form.metadata["request"], form.metadata.number("round"), form.values["reason"]))


@router.form(views.WITHDRAW)
def withdraw(form: Form, work: Work) -> Answer:
    """Take the answer back, or say why not."""
    service.withdraw(work, form.metadata["request"], form.metadata.number("round"), form.values["reason"])
    return None


@router.form(views.ASK)
def ask_information(form: Form, work: Work) -> Answer:
    """Ask the requester in the thread."""
    service.ask_information(work, form.metadata["request"], form.metadata.number("round"), form.values["text"])
    return None


@router.form(views.ADVISE)
def advise(form: Form, work: Work) -> Answer:
    """Show the answer to those who decide, or say why not."""
    service.advise(work, form.metadata["request"], form.metadata["role"], form.values["text"])
    return Say("Thank you. Those who decide see your answer on the card.")


def card_section(reading: Reading, incident: str) -> Section:
    """Return our part of an incident's card: the newest request about it, and how it stands."""
    request = service.latest(reading, incident)
    if request is None:
        return Section()
    is_open = request.state == RoundState.ASKED
    return views.card(
        request,
        service.tally(reading, request),
        asked=service.asked_now(reading, request) if is_open else (),
        questions=service.questions(reading, request),
        consulted=service.consultations(reading, request),
        names=service.names(reading, request),
        otherwise=service.otherwise(reading, request),
    )


def home_section(reading: Reading, person: str) -> Section:
    """Return our part of App Home: what waits for this person's decision."""
    waiting = service.seats_of(reading, person, among=LOOKED_AT)
    names = {
        known: name
        for request, _ in waiting[: views.HOME_LINES]
        for known, name in service.names(reading, request).items()
    }
    named = service.count_naming(reading, person)
    return views.home(waiting, names, reading.now, named=named if named > LOOKED_AT else None)


def decisions_section(reading: Reading, person: str) -> Section:
    """Return the part of App Home that says what was decided lately, the same for everybody."""
    del person
    return views.decisions(service.decided_lately(reading, views.DECISIONS))


def _request(click: Click, work: Work, choice: Choice | None) -> Request:
    return service.may_answer(work, click.value["request"], click.value.number("round"), choice)


def _say(late: str | None) -> Answer:
    return Say(late) if late else None
