"""From assertions to code assignments: candidates, specificity, ranking, sequence."""
