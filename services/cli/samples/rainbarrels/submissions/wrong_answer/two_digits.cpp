// Right, but prints too few digits.
#include <algorithm>
#include <cstdio>
#include <vector>

struct Barrel {
    double size, inflow;
};

int main() {
    int count;
    double wanted;
    if (std::scanf("%d %lf", &count, &wanted) != 2) return 1;
    std::vector<Barrel> barrels(count);
    for (Barrel& barrel : barrels) {
        if (std::scanf("%lf %lf", &barrel.size, &barrel.inflow) != 2) return 1;
    }
    double early = 0, late = 1e6;
    for (int step = 0; step < 100; step++) {
        double time = (early + late) / 2, litres = 0;
        for (const Barrel& barrel : barrels) litres += std::min(barrel.size, barrel.inflow * time);
        (litres < wanted ? early : late) = time;
    }
    std::printf("%.2f\n", late);
}
