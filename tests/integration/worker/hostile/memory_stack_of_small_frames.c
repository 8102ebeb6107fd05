// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

__attribute__((optimize("O0"))) static int deeper(int n) {
    return deeper(n + 1) + n;
}

int main(void) {
    return deeper(0);
}
