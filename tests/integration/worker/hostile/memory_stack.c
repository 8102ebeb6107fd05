// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

static int deeper(int n) {
    volatile char frame[65536];
    memset((void *)frame, n, sizeof frame);
    return deeper(n + 1) + frame[n & 1];
}

int main(void) {
    return deeper(0);
}
