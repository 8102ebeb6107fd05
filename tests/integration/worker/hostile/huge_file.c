// OUTPUT_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    static char block[1 << 20];
    int file = open("x", O_WRONLY | O_CREAT, 0600);
    for (;;) write(file, block, sizeof block);
}
