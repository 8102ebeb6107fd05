// Tries all ways that visit no village twice.
#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

std::vector<std::vector<std::pair<int, int>>> neighbours;
std::vector<bool> on_the_way;
int best = -1;

void walk(int village, int salt, int hours) {
    if (village == static_cast<int>(neighbours.size()) - 1) {
        best = best == -1 ? hours : std::min(best, hours);
        return;
    }
    on_the_way[village] = true;
    for (auto [neighbour, buried] : neighbours[village]) {
        if (!on_the_way[neighbour] && salt >= buried) walk(neighbour, salt - buried, hours + 1);
    }
    on_the_way[village] = false;
}

int main() {
    int villages, tracks, salt;
    if (std::scanf("%d %d %d", &villages, &tracks, &salt) != 3) return 1;
    neighbours.resize(villages);
    on_the_way.resize(villages);
    for (int i = 0; i < tracks; i++) {
        int a, b, buried;
        if (std::scanf("%d %d %d", &a, &b, &buried) != 3) return 1;
        neighbours[a - 1].push_back({b - 1, buried});
        neighbours[b - 1].push_back({a - 1, buried});
    }
    walk(0, salt, 0);
    std::printf("%d\n", best);
}
