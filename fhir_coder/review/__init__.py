"""The pages: people sign in or come from their EHR, and see the codings that they may see. No token in the browser; they work without script."""
