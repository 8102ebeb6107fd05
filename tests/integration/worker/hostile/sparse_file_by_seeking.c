// OUTPUT_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    int file = open("x", O_WRONLY | O_CREAT, 0600);
    signal(SIGXFSZ, SIG_DFL);
    lseek(file, 1L << 40, SEEK_SET);
    write(file, "x", 1);
    for (;;);
}
