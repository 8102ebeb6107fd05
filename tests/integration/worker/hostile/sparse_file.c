// OUTPUT_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    int file = open("x", O_WRONLY | O_CREAT, 0600);
    ftruncate(file, 1L << 40);
    for (;;);
}
