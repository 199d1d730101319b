"""How a receipt says that it is not known whether something was written, and what a person said of it afterwards.

A line is kept before anything is sent, and the answer takes its place. Where a process dies between the two the line stays, and the next attempt knows what to
look for: a request without an answer may have been carried out (https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2, and http://hl7.org/fhir/R4/http.html#ccreate
on creates that are sent again).
"""

from __future__ import annotations

BEGUN = "102 Begun"
"""It was about to be sent. With an address: of the version that was to be changed."""
UNANSWERED = "504 No answer"
"""It was sent, no answer came, and it was not found."""
ABSENT = "404 Not there"
"""A person looked at the EHR: it is not there, and can be sent."""
PRESENT = "208 There"
"""A person looked at the EHR: it is there, under which id is not known here."""
NOT_SENT_AGAIN = "504 Not sent again"
"""It may have arrived, the EHR can neither be searched nor asked to create it once, and nobody has looked yet."""
