"""A CDS Hooks 2.0 service: at the end of a visit the EHR asks, and a card says what is proposed and links to the review page."""
