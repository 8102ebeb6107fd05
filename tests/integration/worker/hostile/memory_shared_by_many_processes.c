// ACCEPTED
#include "hostile.h"

// 60 MiB that ten processes share are no more than 60 MiB.
int main(void) {
    char *shared = malloc(60 << 20);
    memset(shared, 1, 60 << 20);
    for (int i = 0; i < 10; i++)
        if (fork() == 0) {
            usleep(200000);
            _exit(shared[i]);
        }
    while (wait(NULL) != -1);
    puts("3");
}
