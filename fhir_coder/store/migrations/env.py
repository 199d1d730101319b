"""Runs migrations on the connection, and in the transaction, that the caller opened."""

from alembic import context

from fhir_coder.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
