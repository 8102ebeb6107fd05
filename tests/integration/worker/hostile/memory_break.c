// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (;;) memset(sbrk(1 << 20), 1, 1 << 20);
}
