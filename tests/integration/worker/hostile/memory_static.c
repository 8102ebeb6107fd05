// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

static char all[1 << 30];

int main(void) {
    memset(all, 1, sizeof all);
    return all[12345];
}
