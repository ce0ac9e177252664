"""What preparing a statement looks like: the form with its preview, the statement, its line on the card. Pure."""

import hashlib
from collections.abc import Iterable, Sequence

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.comms.models import CommsPolicy, Stage, Statement
from bot.comms.rules import LONGEST_TEXT, Preview
from bot.foundation.blocks import (
    TITLE_TEXT,
    Markup,
    Message,
    Section,
    Text,
    context,
    divider,
    join,
    modal,
    moment,
    mrkdwn,
    option,
    plain,
    quote,
    section,
    select,
    text_input,
)

FORM = "comms.post"
OPEN = "comms.open"
SUBJECT, AUDIENCE, STAGE = "comms.subject", "comms.audience", "comms.stage"
COPY_HINT = "For mail, the status page or the phone. Changes made here are not posted."
CHANGED = "The facts have changed since you looked. This is the text as it stands now; nothing was posted yet."


def form(preview: Preview, policy: CommsPolicy, *, notice: str | None = None) -> View:
    """The form of `/comms`: what to tell whom, and below it exactly what would be posted, or why it cannot be."""
    if not preview.subjects:
        return modal(FORM, "Tell people", [section(_NOTHING)], close="Close")
    blocks = [*([section(mrkdwn("⚠️ {notice}", notice=notice))] if notice else []), *_choices(preview, policy)]
    blocks += [divider(), *_words(preview, policy)]
    metadata = {"seen": seen(preview), "template": preview.template.name if preview.template else ""}
    return modal(FORM, "Tell people", blocks, submit=_submit(preview, policy), close="Close", metadata=metadata)


def seen(preview: Preview) -> str:
    """Return what stands for the previewed words, so that nobody posts others; '' if they cannot be posted."""
    if not preview.can_be_posted or preview.text is None:
        return ""
    return hashlib.sha256(preview.text.encode()).hexdigest()


def message(text: str) -> Message:
    """A statement as it is posted: its text, word for word. It was escaped when it was made and is not again."""
    return Message(Markup(text), [section(Markup(text))])


def posted(statement: Statement, policy: CommsPolicy) -> Markup:
    """What the person who posted reads."""
    words = "✅ It is on its way to {channel}, word for word as you saw it."
    return mrkdwn(words, channel=_channel(policy, statement.audience))


def card(statements: Sequence[Statement], policy: CommsPolicy) -> Section:
    """Our part of the card: who has been told what; the button that tells more stands with the others."""
    if not statements:
        return Section()
    return Section([context(join(" · ", ["📣 Told", *_latest(statements, policy)]))])


_NOTHING = (
    "There is nothing to tell: no incident is open, and none was closed in the last 30 days.\n"
    "When something is wrong with an AI system, `/rollback` opens one."
)


def _choices(preview: Preview, policy: CommsPolicy) -> list[Block]:
    telling = preview.telling
    subjects = [option(f"{name} · {title}", name) for name, title in preview.subjects]
    audiences = [option(audience.title, key) for key, audience in policy.audiences.items()]
    stages = [option(policy.stages.get(stage, stage), stage) for stage in Stage]
    return [
        select(SUBJECT, "About which incident?", subjects, initial=telling.subject, dispatch=True),
        select(AUDIENCE, "Who is told?", audiences, initial=telling.audience, dispatch=True),
        select(STAGE, "Which news?", stages, initial=telling.stage, dispatch=True),
    ]


def _words(preview: Preview, policy: CommsPolicy) -> list[Block]:
    blocks: list[Block] = []
    if preview.template:
        heading = mrkdwn(
            "*{title}*, for {to}", title=preview.template.title, to=_channel(policy, preview.telling.audience)
        )
        blocks.append(section(heading))
        blocks.append(
            context(mrkdwn("{name} · {by}", name=preview.template.name, by=preview.approval or "not approved"))
        )
    if preview.why_not:
        blocks.append(section(mrkdwn("🚫 *This cannot be posted now.* {why}", why=preview.why_not)))
    if preview.not_yours:
        blocks.append(section(mrkdwn("🔒 {why}", why=preview.not_yours)))
    if preview.text is not None:
        blocks += _text(preview, preview.text)
    return blocks


def _text(preview: Preview, text: Markup) -> list[Block]:
    """Show the words twice: as they would look, and in a field from which they can be copied."""
    blocks: list[Block] = [section(quote(text))]
    if preview.template and preview.template.guidance:
        blocks.append(
            context(join("\n", ["Before it goes out:", *(_bullet(line) for line in preview.template.guidance)]))
        )
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]  # Slack keeps what a field held unless its id changes
    field = text_input(
        f"comms.copy.{mark}",
        "Text to copy",
        initial=plain(text, LONGEST_TEXT),
        hint=COPY_HINT,
        optional=True,
        max_length=3000,
    )
    return [*blocks, field]


def _bullet(line: str) -> Markup:
    return mrkdwn("• {line}", line=line)


def _submit(preview: Preview, policy: CommsPolicy) -> str:
    """Say what the button does; a form with fields needs one even when there is nothing to post."""
    if not preview.can_be_posted:
        return "Check again"
    label = f"Post to #{policy.audiences[preview.telling.audience].channel_name}"
    return label if len(label) <= TITLE_TEXT else "Post"


def _channel(policy: CommsPolicy, audience: str) -> Text:
    name = policy.audiences[audience].channel_name
    return f"#{name}" if name else policy.audiences[audience].title


def _latest(statements: Iterable[Statement], policy: CommsPolicy) -> list[Markup]:
    """Say for each audience which news it was told last, and when."""
    last = {statement.audience: statement for statement in statements}
    return [
        mrkdwn(
            "{whom}: {stage}, {when}",
            whom=policy.audiences[audience].title if audience in policy.audiences else audience,
            stage=statement.stage,
            when=moment(statement.posted_at),
        )
        for audience, statement in last.items()
    ]
