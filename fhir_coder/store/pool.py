"""How many connections to the database a process may have at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL


@dataclass(frozen=True, slots=True)
class Pool:
    """``kept`` connections stay open for the next use, ``more`` are opened while many are needed and closed after it. A thread uses one at a time: with as
    many as there are threads none of them ever waits for another. The defaults are those of SQLAlchemy and serve a command."""

    kept: int = 5
    more: int = 10

    @property
    def most(self) -> int:
        """Connections at once."""
        return self.kept + self.more

    def options(self, url: URL) -> dict[str, Any]:
        """For SQLAlchemy's ``create_engine``; a database in memory belongs to one connection and has no pool of this kind."""
        is_in_memory = url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}
        return {} if is_in_memory else {"pool_size": self.kept, "max_overflow": self.more}
