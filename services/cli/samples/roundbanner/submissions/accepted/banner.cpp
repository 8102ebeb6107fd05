#include <algorithm>
#include <iostream>
#include <string>

int main() {
    std::string banner;
    std::cin >> banner;
    int n = banner.size(), best = 0, run = 0;
    char letter = 'z';
    std::string twice = banner + banner;
    for (int i = 0; i < 2 * n; i++) {
        run = i > 0 && twice[i] == twice[i - 1] ? std::min(run + 1, n) : 1;
        if (run > best || (run == best && twice[i] < letter)) {
            best = run;
            letter = twice[i];
        }
    }
    std::cout << best << ' ' << letter << '\n';
}
