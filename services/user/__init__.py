"""The user service: accounts, log-ins, API tokens, and the keys that sign access tokens."""
