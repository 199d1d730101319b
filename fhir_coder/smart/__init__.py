"""Who may call this server: each tenant's trusted issuer, its keys, bearer tokens, their scopes and the patient they are bound to."""
