// OUTPUT_LIMIT_EXCEEDED TIME_LIMIT_EXCEEDED
#include "hostile.h"

// Files written and read again: what the kernel keeps of them is not the program's memory, but they have a limit.
int main(void) {
    static char block[1 << 20];
    char name[32];
    for (int i = 0;; i = (i + 1) % 64) {
        sprintf(name, "%d", i);
        int file = open(name, O_RDWR | O_CREAT, 0600);
        write(file, block, sizeof block);
        lseek(file, 0, SEEK_SET);
        read(file, block, sizeof block);
        close(file);
    }
}
