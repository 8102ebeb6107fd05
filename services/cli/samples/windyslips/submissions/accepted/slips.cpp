// As in Python, but with the places counted from the end of the alphabet.
#include <algorithm>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

int main() {
    std::string task, word;
    std::cin >> task;
    if (task == "write") {
        std::cin >> word;
        for (int place = 0; place < (int)word.size(); ++place)
            std::cout << char('z' - place) << word[place] << '\n';
        return 0;
    }
    int count;
    std::cin >> count;
    std::vector<std::string> slips(count);
    for (auto &slip : slips) std::cin >> slip;
    std::sort(slips.begin(), slips.end(), std::greater<>());
    for (const auto &slip : slips) std::cout << slip[1];
    std::cout << '\n';
}
