#include <cstdio>
#include <queue>
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
    std::vector<std::vector<int>> hours(villages, std::vector<int>(salt + 1, -1));
    std::queue<std::pair<int, int>> queue;
    hours[0][0] = 0;
    queue.push({0, 0});
    while (!queue.empty()) {
        auto [village, used] = queue.front();
        queue.pop();
        if (village == villages - 1) {
            std::printf("%d\n", hours[village][used]);
            return 0;
        }
        for (auto [neighbour, buried] : neighbours[village]) {
            int then = used + buried;
            if (then > salt || hours[neighbour][then] != -1) continue;
            hours[neighbour][then] = hours[village][used] + 1;
            queue.push({neighbour, then});
        }
    }
    std::puts("-1");
}
