"""What an ICD-10-CM code means on a given day: releases, codebooks, and the clinical lexicon. Imports nothing else of the project."""
