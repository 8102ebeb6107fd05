// Works as long as it is allowed to and only then rests.
#include <algorithm>
#include <cstdio>

int main() {
    int days, longest;
    if (std::scanf("%d %d", &days, &longest) != 2) return 1;
    long long coins = 0;
    int row = 0;
    for (int day = 0; day < days; day++) {
        long long bread, cake;
        if (std::scanf("%lld %lld", &bread, &cake) != 2) return 1;
        if (row == longest) {
            row = 0;
        } else {
            coins += row == 0 ? std::max(bread, cake) : bread;
            row++;
        }
    }
    std::printf("%lld\n", coins);
}
