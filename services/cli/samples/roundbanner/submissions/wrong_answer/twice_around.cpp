// Goes around a banner of one letter twice.
#include <iostream>
#include <string>

int main() {
    std::string banner;
    std::cin >> banner;
    banner += banner;
    int best = 0, run = 0;
    char letter = 'z';
    for (size_t i = 0; i < banner.size(); i++) {
        run = i > 0 && banner[i] == banner[i - 1] ? run + 1 : 1;
        if (run > best || (run == best && banner[i] < letter)) {
            best = run;
            letter = banner[i];
        }
    }
    std::cout << best << ' ' << letter << '\n';
}
