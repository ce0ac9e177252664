"""The matrix as people read it."""

from bot.approvals import rules
from bot.approvals.models import Activity, Case, NamedSlot
from tests.approvals.committee import cell, directory, matrix


def test_every_activity_severity_and_case_has_its_row() -> None:
    """R065 R080."""
    slot = NamedSlot(name="Engineers | all", count=2, roles=["engineering", "compliance"])
    special = Activity(
        title="Special",
        low=cell(slot, valid_for="PT2H", excludes=["executor"], deputies_after="PT90M"),
        medium=cell(),
        high=cell("pilots"),
        when=[Case(any_tag=["regulated", "lending"], share_of_users_at_least=0.2, low=cell("medical"))],
    )
    text = rules.markdown(matrix(special=special), directory())
    assert text.startswith("# Who does what, and who may say yes\n\nVersion 1, to be reviewed by 2027-05-01.\n\n## ")
    table = text.partition("## Special\n\n")[2].splitlines()
    assert table[0] == "Without approval: nothing is done."
    assert table[4] == (
        "| low | Product | Engineering |  |  | 2 Engineers \\| all (Engineering or Compliance) "
        "| deputies after 90 min; expires after 1 h; a yes lapses after 2 h; not from whoever carries it out |"
    )
    assert table[5] == "| medium | Product | Engineering |  |  | none needed |  |"
    assert "| 1 pilots |" in table[6]
    assert table[7].startswith("| low, tagged regulated or lending, at least 20% of users | Product |")
