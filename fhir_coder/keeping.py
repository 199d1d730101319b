"""A coding on its way into the store: kept before the first resource is sent to the EHR, and with the EHR's answers after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fhir_coder.exchange import CodingResult, Resource
from fhir_coder.store.repository import Beside, Repository


@dataclass(slots=True)
class Keeping:
    """``beside`` is kept with the coding when it is through, in the same transaction; ``coding_id`` is empty until it is kept."""

    repository: Repository
    tenant: str
    ehr: str
    result: CodingResult
    beside: Beside | None = None
    coding_id: str = ""

    def begin(self, begun: Resource) -> None:
        """Keep it with what is about to be sent: a :data:`fhir_coder.writeback.delivery.Begin`."""
        self.coding_id = self.repository.save(self.tenant, self.ehr, replace(self.result, receipt=begun))

    def end(self, receipt: Resource | None) -> CodingResult:
        """Keep it with its receipt, None where nothing was to be written. Where what is to stand beside it is refused, what the EHR answered is kept all the
        same: it holds what it was sent. Raises what ``beside`` raises."""
        result = replace(self.result, receipt=receipt)
        if not self.coding_id:
            return replace(result, coding_id=self.repository.save(self.tenant, self.ehr, result, self.beside))
        try:
            self.repository.settle(self.tenant, self.coding_id, result, self.beside)
        except Exception:
            self.repository.settle(self.tenant, self.coding_id, result)
            raise
        return replace(result, coding_id=self.coding_id)
