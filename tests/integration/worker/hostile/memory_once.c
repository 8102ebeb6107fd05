// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

// Quick, and over before anybody looks.
int main(void) {
    char *volatile block = malloc(140 << 20);
    memset(block, 1, 140 << 20);
    if (block[12345]) puts("3");
}
