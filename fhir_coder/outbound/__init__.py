"""HTTP that leaves for somewhere else: EHRs, their authorization servers, key sets. What holds for every request stands here."""
