// RUNTIME_ERROR
#include "hostile.h"

int main(void) {
    *(volatile int *)0 = 1;
}
