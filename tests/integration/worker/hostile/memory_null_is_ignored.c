// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    char *block;
    while ((block = malloc(64 << 10)) != NULL) memset(block, 1, 64 << 10);
    for (;;);
}
