// RUNTIME_ERROR
#include "hostile.h"

int main(void) {
    syscall(0x40000000 | 39);
    return 0;
}
