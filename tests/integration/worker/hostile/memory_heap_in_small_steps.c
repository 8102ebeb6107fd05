// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (;;) *(volatile char *)malloc(100) = 1;
}
