// OUTPUT_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    static char block[1 << 20];
    for (int i = 0; i < 100; i++) {
        int file = open("x", O_RDWR | O_CREAT, 0600);
        unlink("x");
        write(file, block, sizeof block);
    }
    sleep(100);
}
