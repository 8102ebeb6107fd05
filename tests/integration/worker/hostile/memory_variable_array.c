// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    volatile int size = 512 << 20;
    char all[size];
    memset(all, 1, size);
    return all[size / 2];
}
