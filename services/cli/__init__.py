"""The command line: `judgemesh`."""
