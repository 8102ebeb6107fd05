#include <iostream>

int main() {
    long long cars, capacity;
    std::cin >> cars >> capacity;
    long long loads = (cars + capacity - 1) / capacity;
    std::cout << (loads == 0 ? 0 : 2 * loads - 1) << '\n';
}
