// TIME_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        if (fork() == 0) {
            for (volatile long i = 0; i < 60000000; i++);
            _exit(0);
        }
        usleep(100000);
    }
}
