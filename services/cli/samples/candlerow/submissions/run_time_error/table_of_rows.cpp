// Keeps the candles of every row in a table that is made for 800 houses.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

const int MOST = 800;
int total[MOST + 1][MOST + 1], dearest[MOST + 1][MOST + 1], needs[MOST];

int main() {
    int houses, candles;
    if (std::scanf("%d %d", &houses, &candles) != 2) return 1;
    if (houses > MOST) std::abort();
    for (int house = 0; house < houses; house++) {
        if (std::scanf("%d", &needs[house]) != 1) return 1;
    }
    int best = 0;
    for (int start = 0; start < houses; start++) {
        for (int end = start + 1; end <= houses; end++) {
            total[start][end] = total[start][end - 1] + needs[end - 1];
            dearest[start][end] = std::max(dearest[start][end - 1], needs[end - 1]);
            if (total[start][end] - dearest[start][end] <= candles) best = std::max(best, end - start);
        }
    }
    std::printf("%d\n", best);
}
