// The same search as in Python.
#include <iostream>

bool ask(int first, int last) {
    int tones;
    std::cout << "? " << first << ' ' << last << std::endl;
    std::cin >> tones;
    return tones < last - first + 1;
}

int main() {
    int bells;
    std::cin >> bells;
    int low = 2, high = bells;
    while (low < high) {
        int middle = (low + high) / 2;
        if (ask(1, middle)) high = middle; else low = middle + 1;
    }
    int second = low;
    low = 1, high = second - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (ask(middle, second)) low = middle; else high = middle - 1;
    }
    std::cout << "! " << low << ' ' << second << std::endl;
}
