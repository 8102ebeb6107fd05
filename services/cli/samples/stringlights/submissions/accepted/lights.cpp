// Grows a forest cable by cable, then plucks its leaves.
#include <cstdio>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

int main() {
    int lamps, cables;
    std::string wish;
    std::cin >> lamps >> cables >> wish;
    std::vector<int> group(lamps), degree(lamps);
    std::iota(group.begin(), group.end(), 0);
    auto leader = [&](int lamp) {
        while (group[lamp] != lamp) lamp = group[lamp] = group[group[lamp]];
        return lamp;
    };
    std::vector<std::vector<std::pair<int, int>>> tree(lamps);
    for (int number = 1; number <= cables; number++) {
        int a, b;
        std::cin >> a >> b;
        a--, b--;
        if (leader(a) == leader(b)) continue;
        group[leader(a)] = leader(b);
        tree[a].push_back({b, number});
        tree[b].push_back({a, number});
        degree[a]++, degree[b]++;
    }
    std::vector<int> leaves, switched_on;
    std::vector<bool> plucked(lamps);
    for (int lamp = 0; lamp < lamps; lamp++) {
        if (degree[lamp] == 1) leaves.push_back(lamp);
    }
    while (!leaves.empty()) {
        int lamp = leaves.back();
        leaves.pop_back();
        if (degree[lamp] == 0) continue;
        plucked[lamp] = true;
        for (auto [other, number] : tree[lamp]) {
            if (plucked[other]) continue;
            if (wish[lamp] == '1') {
                switched_on.push_back(number);
                wish[lamp] = '0';
                wish[other] ^= 1;
            }
            if (--degree[other] == 1) leaves.push_back(other);
        }
        degree[lamp] = 0;
    }
    if (wish.find('1') != std::string::npos) {
        std::puts("impossible");
        return 0;
    }
    std::printf("%zu\n", switched_on.size());
    for (int number : switched_on) std::printf("%d\n", number);
}
