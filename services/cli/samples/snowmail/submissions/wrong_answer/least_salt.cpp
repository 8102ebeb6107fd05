// Looks for the way with the fewest buried tracks first, and for the hours only then.
#include <cstdio>
#include <functional>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

int main() {
    int villages, tracks, salt;
    if (std::scanf("%d %d %d", &villages, &tracks, &salt) != 3) return 1;
    std::vector<std::vector<std::pair<int, int>>> neighbours(villages);
    for (int i = 0; i < tracks; i++) {
        int a, b, buried;
        if (std::scanf("%d %d %d", &a, &b, &buried) != 3) return 1;
        neighbours[a - 1].push_back({b - 1, buried});
        neighbours[b - 1].push_back({a - 1, buried});
    }
    using Arrival = std::tuple<int, int, int>;
    std::priority_queue<Arrival, std::vector<Arrival>, std::greater<Arrival>> queue;
    std::vector<bool> done(villages);
    queue.push({0, 0, 0});
    while (!queue.empty()) {
        auto [used, hours, village] = queue.top();
        queue.pop();
        if (done[village]) continue;
        done[village] = true;
        if (village == villages - 1) {
            std::printf("%d\n", used <= salt ? hours : -1);
            return 0;
        }
        for (auto [neighbour, buried] : neighbours[village]) queue.push({used + buried, hours + 1, neighbour});
    }
    std::puts("-1");
}
