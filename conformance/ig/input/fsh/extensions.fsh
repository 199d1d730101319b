Extension: CodingProbability
Id: coding-probability
Title: "Coding probability"
Description: "Calibrated probability, from 0 to 1, that a coder would assign this code. Absent where a person chose the code."
Context: Condition
* value[x] only decimal
* value[x] 1..1
* valueDecimal ^minValueDecimal = 0
* valueDecimal ^maxValueDecimal = 1

Extension: CodingEvidence
Id: coding-evidence
Title: "Coding evidence"
Description: "The words of a note that a code rests on: a half-open range of Unicode code points in the note's canonical text, and the hash of that text."
Context: Provenance.entity
* extension contains
    start 1..1 and
    end 1..1 and
    sha256 1..1
* extension[start] ^short = "Offset of the first character"
* extension[start].value[x] only integer
* extension[start].value[x] 1..1
* extension[end] ^short = "Offset after the last character"
* extension[end].value[x] only integer
* extension[end].value[x] 1..1
* extension[sha256] ^short = "SHA-256 (hex) of the note's canonical text in UTF-8"
* extension[sha256].value[x] only string
* extension[sha256].value[x] 1..1

Extension: AuditChain
Id: audit-chain
Title: "Audit chain"
Description: "The place of an AuditEvent in its chain: its number, and the SHA-256 (hex) of the event before it."
Context: AuditEvent
* extension contains
    sequence 1..1 and
    previous 1..1
* extension[sequence] ^short = "Number of the event, from 1"
* extension[sequence].value[x] only integer
* extension[sequence].value[x] 1..1
* extension[previous] ^short = "Hash of the canonical JSON of the event before; 64 zeros for the first"
* extension[previous].value[x] only string
* extension[previous].value[x] 1..1
