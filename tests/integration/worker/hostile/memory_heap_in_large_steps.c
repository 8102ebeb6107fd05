// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (;;) memset(malloc(48 << 20), 1, 48 << 20);
}
