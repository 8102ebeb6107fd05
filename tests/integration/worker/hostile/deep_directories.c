// ACCEPTED OUTPUT_LIMIT_EXCEEDED TIME_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (int i = 0; i < 3000; i++) {
        mkdir("d", 0700);
        if (chdir("d") == -1) return 1;
    }
    creat("file", 0);
    chmod(".", 0);
    puts("3");
}
