// ACCEPTED
#include "hostile.h"

// What is reserved and not used costs nothing.
int main(void) {
    for (int i = 0; i < 20; i++)
        if (malloc(100 << 20) == NULL) return 1;
    puts("3");
}
