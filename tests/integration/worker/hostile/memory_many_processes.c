// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (int i = 0; i < 20; i++)
        if (fork() == 0) {
            memset(malloc(16 << 20), 1, 16 << 20);
            sleep(100);
        }
    sleep(100);
}
