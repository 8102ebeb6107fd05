// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (;;) memset(mmap(0, 1 << 20, 3, MAP_SHARED | MAP_ANON, -1, 0), 1, 1 << 20);
}
