// Forgets that the ferry has to come back for the next load.
#include <iostream>

int main() {
    long long cars, capacity;
    std::cin >> cars >> capacity;
    std::cout << (cars + capacity - 1) / capacity << '\n';
}
