// Adds up in 32 bits.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

int main() {
    int pots, size;
    if (std::scanf("%d %d", &pots, &size) != 2) return 1;
    std::vector<int> times(pots);
    for (int& time : times) {
        if (std::scanf("%d", &time) != 1) return 1;
    }
    std::sort(times.begin(), times.end(), std::greater<int>());
    unsigned total = 0;
    for (int i = 0; i < pots; i += size) total += times[i];
    std::printf("%d\n", static_cast<int>(total));
}
