// Tries every plan: there are about 2^n of them.
#include <algorithm>
#include <cstdio>
#include <vector>

int days, longest;
std::vector<long long> bread, cake;

long long most(int day, int row) {
    if (day == days) return 0;
    long long best = most(day + 1, 0);
    if (row < longest) best = std::max(best, most(day + 1, row + 1) + (row ? bread[day] : std::max(bread[day], cake[day])));
    return best;
}

int main() {
    if (std::scanf("%d %d", &days, &longest) != 2) return 1;
    bread.resize(days);
    cake.resize(days);
    for (int day = 0; day < days; day++) {
        if (std::scanf("%lld %lld", &bread[day], &cake[day]) != 2) return 1;
    }
    std::printf("%lld\n", most(0, 0));
}
