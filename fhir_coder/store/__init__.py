"""What is kept of each coded encounter, by tenant: tables, their migrations, and the repository over them."""
