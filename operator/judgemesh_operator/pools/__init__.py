"""Judge pools: how many workers a queue needs, and the Deployment that they run in."""
