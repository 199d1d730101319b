"""Reading a note: its sections, the clinical concepts named in it, and what it asserts of them."""
