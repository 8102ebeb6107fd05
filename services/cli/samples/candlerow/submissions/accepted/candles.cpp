// A row that can be lit stays so when it gets shorter: so its start never moves back as its end moves on.
#include <algorithm>
#include <cstdio>
#include <set>
#include <vector>

int main() {
    int houses;
    long long candles;
    if (std::scanf("%d %lld", &houses, &candles) != 2) return 1;
    std::vector<long long> needs(houses);
    for (auto& need : needs) {
        if (std::scanf("%lld", &need) != 1) return 1;
    }
    std::multiset<long long> row;
    long long total = 0;
    int start = 0, best = 0;
    for (int end = 0; end < houses; end++) {
        row.insert(needs[end]);
        total += needs[end];
        while (total - *row.rbegin() > candles) {
            total -= needs[start];
            row.erase(row.find(needs[start]));
            start++;
        }
        best = std::max(best, end - start + 1);
    }
    std::printf("%d\n", best);
}
