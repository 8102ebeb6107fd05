"""The whole platform on one machine, from real parts: what `judgemesh up` starts."""
