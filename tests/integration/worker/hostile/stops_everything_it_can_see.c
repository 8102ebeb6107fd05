// TIME_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    kill(-1, SIGSTOP);
    kill(getppid(), SIGSTOP);
    for (pid_t p = 1; p < 70000; p++)
        if (p != getpid()) kill(p, SIGSTOP);
    kill(0, SIGSTOP);
    for (;;);
}
