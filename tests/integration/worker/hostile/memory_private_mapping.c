// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (;;) memset(mmap(0, 1 << 20, PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0), 1, 1 << 20);
}
