#include <algorithm>
#include <cstdio>
#include <vector>

int main() {
    int days, longest;
    if (std::scanf("%d %d", &days, &longest) != 2) return 1;
    // most[j]: the most coins with exactly j days of work in a row up to now; -1 if that can't be.
    std::vector<long long> most(longest + 1, -1);
    most[0] = 0;
    for (int day = 0; day < days; day++) {
        long long bread, cake;
        if (std::scanf("%lld %lld", &bread, &cake) != 2) return 1;
        std::vector<long long> next(longest + 1, -1);
        next[0] = *std::max_element(most.begin(), most.end());
        for (int j = 1; j <= longest; j++) {
            if (most[j - 1] < 0) continue;
            next[j] = most[j - 1] + (j == 1 ? std::max(bread, cake) : bread);
        }
        most = next;
    }
    std::printf("%lld\n", *std::max_element(most.begin(), most.end()));
}
