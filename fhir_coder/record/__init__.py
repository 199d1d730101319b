"""The record of every coding: what it was made with (artifacts by hash), how it came about (the trail), and doing it again (replay)."""
