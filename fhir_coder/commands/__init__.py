"""One file for each subcommand of ``fhir-coder``; each has ``add(subparsers)``, which declares it and names the function
that runs it and returns the exit status. What several share: ``coder``, ``coding``, ``files``, ``lines``."""
