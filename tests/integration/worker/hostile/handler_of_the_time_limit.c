// TIME_LIMIT_EXCEEDED
#include "hostile.h"

// Whatever it makes of signals, the limit is not its to keep.
static void again(int unused) { (void)unused; }

int main(void) {
    signal(SIGXCPU, again);
    signal(SIGALRM, again);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
    for (;;);
}
