// RUNTIME_ERROR
#include "hostile.h"

int main(void) {
    __asm__("int $0x80" : : "a"(20));
    return 0;
}
