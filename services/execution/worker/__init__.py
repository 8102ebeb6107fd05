"""The judge worker: takes judgings from the queue, compiles and runs programs in the sandbox, publishes verdicts."""
