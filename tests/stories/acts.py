"""What people do in several stories, in one place: report, acknowledge, ask, vote."""

from dataclasses import dataclass

from tests.support.world import World

SUMMARY = "This is for your information, and nothing is asked of you."


@dataclass(frozen=True)
class Plot:
    """One of the example organisation's situations; who is consulted and who informed, by key."""

    system: str
    version: str
    metric: str
    value: str
    severity: str
    first_tier: tuple[str, ...]
    approvers: tuple[str, ...]
    consulted: tuple[str, ...] = ()
    informed: tuple[str, ...] = ()

    @property
    def channel(self) -> str:
        return f"#{self.system}"


SHOP = Plot(
    "shop-recommender", "8", "conversion_rate", "1.9", "medium",
    ("Maya Lindqvist", "Priya Raman"), ("Tomás Ferreira", "Aisha Bello"), ("priya",), ("grace",),
)  # fmt: skip
CREDIT = Plot(
    "credit-scoring", "2026.11", "abnormal_score_rate", "7.4", "high",
    ("Hana Kobayashi", "Priya Raman"), ("Tomás Ferreira", "Aisha Bello", "Grace O'Neill", "Elena Petrova"),
    ("nina", "priya"), ("carla", "ben"),
)  # fmt: skip
TRIAGE = Plot(
    "triage-assistant", "3.2", "inconsistent_prediction_reports", "2", "high",
    ("Wei Zhang", "Priya Raman"), ("Tomás Ferreira", "Inés Castillo", "Grace O'Neill", "Elena Petrova"),
    ("nina", "aisha"), ("carla", "ben"),
)  # fmt: skip
SUPPORT = Plot(
    "support-bot", "42", "wrong_answer_rate", "60", "low", ("Sam Taylor", "Priya Raman"), ("Leo Martins",),
    informed=("tomas",),
)  # fmt: skip


async def report(world: World, plot: Plot) -> None:
    """The alert arrives: a card first, then one page that mentions each of the first tier once."""
    await world.alert(plot.system, plot.version, plot.metric, plot.value)
    card = world.expect("post", plot.channel, "INC-1", plot.severity)
    page = world.expect("post", plot.channel, *plot.first_tier)
    assert card.ts < page.ts
    assert "Acknowledge" in card.buttons
    assert [page.visible_text.count(name) for name in plot.first_tier] == [1] * len(plot.first_tier)
    world.threads(plot.channel)
    world.updates(plot.channel)


async def acknowledge(world: World, plot: Plot, who: str) -> None:
    await world.click(who, world.card(plot.channel), "Acknowledge")
    world.updates(plot.channel)
    world.threads(plot.channel)
    assert "Acknowledge" not in world.card(plot.channel).buttons


async def ask(world: World, plot: Plot, who: str, reason: str, *, approvers: tuple[str, ...] = ()) -> None:
    """`/rollback` with its form: the approvers are asked, once, and each of those who are consulted."""
    await world.command(who, f"/rollback {plot.system}", channel=plot.channel)
    form = world.modal(who)
    assert plot.version in form.visible_text
    asked = await world.submit(who, {"reason": reason})
    assert not asked.errors, asked.errors
    world.expect("modal", who, "Asked")
    await world.workspace.close_modal(world.person(who))
    world.expect("post", plot.channel, *(approvers or plot.approvers))
    for person in plot.consulted:
        world.expect("post", world.person(person), "Your advice on INC-1")
    world.threads(plot.channel)
    world.updates(plot.channel)


async def vote(world: World, plot: Plot, who: str, button: str, reason: str) -> None:
    """Press a button of the card and say why."""
    await world.click(who, world.card(plot.channel), button)
    world.modal(who)
    answer = await world.submit(who, {"reason": reason})
    assert not answer.errors, answer.errors
    world.threads(plot.channel)
    world.updates(plot.channel)
    if any(SUMMARY in one.text for one in world.workspace.unexpected):
        summaries(world, plot)


def summaries(world: World, plot: Plot) -> None:
    """It was decided: everybody who is informed got one message about it."""
    for person in plot.informed:
        world.expect("post", world.person(person), "INC-1", SUMMARY)
