"""What goes back to the EHR: one file per target resource, the bundle that proposes them, the delivery that writes them."""
