// OUTPUT_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    static char block[1 << 20];
    char name[32];
    for (int i = 0;; i++) {
        sprintf(name, "%d", i);
        int file = creat(name, 0600);
        write(file, block, sizeof block);
        close(file);
    }
}
