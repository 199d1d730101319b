"""The pages: people sign in or come from their EHR, and see the codings that they may see. No script, no token, no state in the browser."""
