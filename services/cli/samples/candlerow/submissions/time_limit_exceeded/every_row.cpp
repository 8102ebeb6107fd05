// Tries every row, and counts each anew.
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
    int best = 0;
    for (int start = 0; start < houses; start++) {
        for (int end = start; end < houses; end++) {
            long long total = 0, dearest = 0;
            for (int house = start; house <= end; house++) {
                total += needs[house];
                dearest = std::max(dearest, needs[house]);
            }
            if (total - dearest <= candles) best = std::max(best, end - start + 1);
        }
    }
    std::printf("%d\n", best);
}
