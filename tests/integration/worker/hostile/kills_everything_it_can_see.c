// TIME_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    kill(-1, SIGKILL);
    kill(getppid(), SIGKILL);
    for (pid_t p = 2; p < 70000; p++)
        if (p != getpid()) kill(p, SIGKILL);
    for (;;);
}
