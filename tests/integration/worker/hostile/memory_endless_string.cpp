// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

#include <string>

int main() {
    std::string all = "a";
    for (;;) all += all;
}
