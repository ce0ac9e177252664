"""Approvals that are asked for have named slots, and may lapse; who wrote and who carries out is kept with them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_requests = sa.table(
    "approval_request", sa.column("id", sa.String), sa.column("slots", sa.JSON), sa.column("excluded", sa.JSON)
)


def upgrade() -> None:
    """Add the columns, and write the slots and exclusions that are there in the new form."""
    with op.batch_alter_table("approval_request", schema=None) as batch_op:
        batch_op.add_column(sa.Column("share_of_users", sa.Float(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("related", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("valid_for_seconds", sa.Integer(), nullable=True))
    for id_, slots, excluded in op.get_bind().execute(sa.select(_requests)).all():
        named = [
            {**{key: slot[key] for key in slot if key != "role"}, "name": slot["role"], "roles": [slot["role"]]}
            for slot in slots
        ]
        apart = dict.fromkeys(excluded, "plan_author")
        op.execute(_requests.update().where(_requests.c.id == id_).values(slots=named, excluded=apart))


def downgrade() -> None:
    """Write slots and exclusions in the old form (the first role of a slot counts), and drop the columns."""
    for id_, slots, excluded in op.get_bind().execute(sa.select(_requests)).all():
        plain = [
            {**{key: slot[key] for key in slot if key not in ("name", "roles")}, "role": slot["roles"][0]}
            for slot in slots
        ]
        op.execute(_requests.update().where(_requests.c.id == id_).values(slots=plain, excluded=list(excluded)))
    with op.batch_alter_table("approval_request", schema=None) as batch_op:
        batch_op.drop_column("valid_for_seconds")
        batch_op.drop_column("related")
        batch_op.drop_column("share_of_users")
