import sys


def main() -> None:
    _, wanted, *numbers = map(int, sys.stdin.buffer.read().split())
    barrels = sorted(zip(numbers[::2], numbers[1::2], strict=True), key=lambda barrel: barrel[0] / barrel[1])
    full, rate = 0, sum(numbers[1::2])  # Litres in full barrels; litres an hour into all others.
    for size, inflow in barrels:
        if (wanted - full) * inflow <= rate * size:  # Reached before this barrel is full.
            break
        full += size
        rate -= inflow
    print(f"{(wanted - full) / rate:.10f}")


main()
