// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

// Until there is no more to have, and then on a null pointer.
int main(void) {
    for (;;) *(volatile char *)malloc(1 << 20) = 1;
}
