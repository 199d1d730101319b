"""One file for each subcommand of ``fhir-coder``; each has ``add(subparsers)`` and ``run(arguments) -> exit status``."""
