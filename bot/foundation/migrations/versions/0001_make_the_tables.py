"""Make the tables"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "approval_request",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("activity", AutoString(), nullable=False),
        sa.Column("system", AutoString(), nullable=False),
        sa.Column("severity", AutoString(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("excluded", sa.JSON(), nullable=False),
        sa.Column("policy", AutoString(), nullable=False),
        sa.Column("plan_digest", AutoString(), nullable=False),
        sa.Column("summary", AutoString(), nullable=False),
        sa.Column("requester", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("deputies_from", UTCDateTime(), nullable=False),
        sa.Column("deputies_called_at", UTCDateTime(), nullable=True),
        sa.Column("expires_at", UTCDateTime(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("outcome", AutoString(), nullable=False),
        sa.Column("then", AutoString(), nullable=False),
        sa.Column("then_payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("approval_request", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_approval_request_deputies_called_at"), ["deputies_called_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_approval_request_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_approval_request_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_approval_request_subject"), ["subject"], unique=False)

    op.create_table(
        "beat",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "briefing",
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("incident_type", AutoString(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "escalation",
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("system", AutoString(), nullable=False),
        sa.Column("severity", AutoString(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("lead", AutoString(), nullable=True),
        sa.Column("policy", AutoString(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("waiting_since", UTCDateTime(), nullable=False),
        sa.Column("acknowledged_at", UTCDateTime(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("next_tier_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("subject"),
    )
    with op.batch_alter_table("escalation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_escalation_next_tier_at"), ["next_tier_at"], unique=False)

    op.create_table(
        "inbox",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("source", AutoString(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("note", AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("sequence"),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_state"), ["state"], unique=False)

    op.create_table(
        "incident",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("system", AutoString(), nullable=False),
        sa.Column("version", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("severity", AutoString(), nullable=False),
        sa.Column("severity_path", sa.JSON(), nullable=False),
        sa.Column("impact", sa.JSON(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("opened_by", AutoString(), nullable=False),
        sa.Column("acknowledged_at", UTCDateTime(), nullable=True),
        sa.Column("acknowledged_by", AutoString(), nullable=True),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.Column("closed_by", AutoString(), nullable=True),
        sa.Column("closing_reason", AutoString(), nullable=False),
        sa.Column("families", sa.JSON(), nullable=False),
        sa.Column("harm", sa.Boolean(), nullable=False),
        sa.Column("containment", AutoString(), nullable=False),
        sa.Column("containing", sa.Boolean(), nullable=False),
        sa.Column("next_update_at", UTCDateTime(), nullable=True),
        sa.Column("policies", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("number"),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_next_update_at"), ["next_update_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_incident_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_incident_system"), ["system"], unique=False)
        batch_op.create_index(
            "one_open_incident",
            ["system", "version"],
            unique=True,
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        )

    op.create_table(
        "nonce",
        sa.Column("value", AutoString(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("value"),
    )
    with op.batch_alter_table("nonce", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nonce_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("served", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unclear", sa.Boolean(), nullable=False),
        sa.Column("error", AutoString(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("outbox_due", ["state", "due_at"], unique=False)

    op.create_table(
        "plan",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("incident", AutoString(), nullable=False),
        sa.Column("system", AutoString(), nullable=False),
        sa.Column("from_version", AutoString(), nullable=False),
        sa.Column("to_version", AutoString(), nullable=False),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("requested_by", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("request_id", AutoString(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_incident"), ["incident"], unique=False)
        batch_op.create_index(batch_op.f("ix_plan_request_id"), ["request_id"], unique=False)

    op.create_table(
        "policy",
        sa.Column("digest", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("first_seen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "posted",
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("ts", AutoString(), nullable=False),
        sa.Column("content", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "sequence",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "signal",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("dedup_key", AutoString(), nullable=False),
        sa.Column("source", AutoString(), nullable=False),
        sa.Column("inbox_sequence", sa.Integer(), nullable=False),
        sa.Column("system", AutoString(), nullable=True),
        sa.Column("version", AutoString(), nullable=True),
        sa.Column("metric", AutoString(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("summary", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("finding", AutoString(), nullable=False),
        sa.Column("trigger", AutoString(), nullable=True),
        sa.Column("incident", AutoString(), nullable=True),
        sa.Column("note", AutoString(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=True),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedup_key"),
    )
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signal_finding"), ["finding"], unique=False)
        batch_op.create_index(batch_op.f("ix_signal_incident"), ["incident"], unique=False)
        batch_op.create_index(batch_op.f("ix_signal_system"), ["system"], unique=False)

    op.create_table(
        "slack_account",
        sa.Column("user_id", AutoString(), nullable=False),
        sa.Column("team_id", AutoString(), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("zone", AutoString(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("is_guest", sa.Boolean(), nullable=False),
        sa.Column("is_foreign", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.Integer(), nullable=False),
        sa.Column("checked_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "stage_result",
        sa.Column("request_id", AutoString(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("outcome", AutoString(), nullable=False),
        sa.Column("observed", sa.JSON(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("request_id", "round", "number"),
    )
    op.create_table(
        "statement",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("template", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("template_digest", AutoString(), nullable=False),
        sa.Column("audience", AutoString(), nullable=False),
        sa.Column("stage", AutoString(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("text", AutoString(), nullable=False),
        sa.Column("posted_by", AutoString(), nullable=False),
        sa.Column("posted_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject", "template", "number"),
    )
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statement_subject"), ["subject"], unique=False)

    op.create_table(
        "trail_entry",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", AutoString(), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("mac"),
    )
    op.create_table(
        "trail_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "execution",
        sa.Column("request_id", AutoString(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("plan_id", AutoString(), nullable=False),
        sa.Column("incident", AutoString(), nullable=False),
        sa.Column("system", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("detail", AutoString(), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=True),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("watches", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["plan.id"],
        ),
        sa.PrimaryKeyConstraint("request_id", "round"),
    )
    with op.batch_alter_table("execution", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_execution_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_execution_incident"), ["incident"], unique=False)
        batch_op.create_index(batch_op.f("ix_execution_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_execution_system"), ["system"], unique=False)
        batch_op.create_index(
            "one_running_execution",
            ["system"],
            unique=True,
            sqlite_where=sa.text("state IN ('running', 'validating')"),
            postgresql_where=sa.text("state IN ('running', 'validating')"),
        )

    op.create_table(
        "question",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("request_id", AutoString(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("person", AutoString(), nullable=False),
        sa.Column("text", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["approval_request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_request_id"), ["request_id"], unique=False)

    op.create_table(
        "trail_payload",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body", AutoString(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["trail_entry.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("trail_payload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trail_payload_subject"), ["subject"], unique=False)

    op.create_table(
        "vote",
        sa.Column("request_id", AutoString(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("person", AutoString(), nullable=False),
        sa.Column("choice", AutoString(), nullable=False),
        sa.Column("on_behalf_of", AutoString(), nullable=True),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["approval_request.id"],
        ),
        sa.PrimaryKeyConstraint("request_id", "round", "person"),
    )
    # The trail begins here: the head that the first entry follows.
    op.execute(sa.text("INSERT INTO trail_head (id, seq, mac) VALUES (1, 0, :mac)").bindparams(mac=bytes(32)))


def downgrade() -> None:
    op.drop_table("vote")
    with op.batch_alter_table("trail_payload", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trail_payload_subject"))

    op.drop_table("trail_payload")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_request_id"))

    op.drop_table("question")
    with op.batch_alter_table("execution", schema=None) as batch_op:
        batch_op.drop_index(
            "one_running_execution",
            sqlite_where=sa.text("state IN ('running', 'validating')"),
            postgresql_where=sa.text("state IN ('running', 'validating')"),
        )
        batch_op.drop_index(batch_op.f("ix_execution_system"))
        batch_op.drop_index(batch_op.f("ix_execution_plan_id"))
        batch_op.drop_index(batch_op.f("ix_execution_incident"))
        batch_op.drop_index(batch_op.f("ix_execution_due_at"))

    op.drop_table("execution")
    op.drop_table("trail_head")
    op.drop_table("trail_entry")
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_statement_subject"))

    op.drop_table("statement")
    op.drop_table("stage_result")
    op.drop_table("slack_account")
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signal_system"))
        batch_op.drop_index(batch_op.f("ix_signal_incident"))
        batch_op.drop_index(batch_op.f("ix_signal_finding"))

    op.drop_table("signal")
    op.drop_table("sequence")
    op.drop_table("posted")
    op.drop_table("policy")
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_request_id"))
        batch_op.drop_index(batch_op.f("ix_plan_incident"))

    op.drop_table("plan")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("outbox_due")

    op.drop_table("outbox")
    with op.batch_alter_table("nonce", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_nonce_seen_at"))

    op.drop_table("nonce")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_index(
            "one_open_incident",
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        )
        batch_op.drop_index(batch_op.f("ix_incident_system"))
        batch_op.drop_index(batch_op.f("ix_incident_state"))
        batch_op.drop_index(batch_op.f("ix_incident_next_update_at"))

    op.drop_table("incident")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbox_state"))

    op.drop_table("inbox")
    with op.batch_alter_table("escalation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_escalation_next_tier_at"))

    op.drop_table("escalation")
    op.drop_table("briefing")
    op.drop_table("beat")
    with op.batch_alter_table("approval_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_request_subject"))
        batch_op.drop_index(batch_op.f("ix_approval_request_state"))
        batch_op.drop_index(batch_op.f("ix_approval_request_expires_at"))
        batch_op.drop_index(batch_op.f("ix_approval_request_deputies_called_at"))

    op.drop_table("approval_request")
