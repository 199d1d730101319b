"""Which jobs are encounters of a bulk run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column in place; of jobs that are there already none is of a run."""
    op.add_column("job", sa.Column("run", sa.String(32), nullable=False, server_default=""))
    op.create_index("ix_job_run", "job", ["tenant", "run", "state"])


def downgrade() -> None:
    """Drop the column: what workers coded of a run that is not over is coded again when the run goes on."""
    op.drop_index("ix_job_run", "job")
    op.drop_column("job", "run")
