// Forgets that one house may stay dark.
#include <algorithm>
#include <cstdio>
#include <vector>

int main() {
    int houses;
    long long candles;
    if (std::scanf("%d %lld", &houses, &candles) != 2) return 1;
    std::vector<long long> needs(houses);
    for (auto& need : needs) {
        if (std::scanf("%lld", &need) != 1) return 1;
    }
    long long total = 0;
    int start = 0, best = 0;
    for (int end = 0; end < houses; end++) {
        total += needs[end];
        while (total > candles) total -= needs[start++];
        best = std::max(best, end - start + 1);
    }
    std::printf("%d\n", best);
}
