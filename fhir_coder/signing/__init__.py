"""What follows a person's signature outside the review: the EHR is brought to it, and billing gets it."""
