// OUTPUT_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    posix_fallocate(open("x", O_WRONLY | O_CREAT, 0600), 0, 1L << 36);
    for (;;);
}
