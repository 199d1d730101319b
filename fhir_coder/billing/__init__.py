"""What goes to billing when a person has signed: the signed encounter as CSV and as HL7 v2, and the ways out. Told in docs/billing.md."""
