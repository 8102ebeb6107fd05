// ACCEPTED
#include "hostile.h"

// All clocks can be read, and none can be set.
int main(void) {
    struct timespec now;
    for (int clock = 0; clock < 8; clock++)
        if (clock_gettime(clock, &now) == -1) return 1;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= 1000;
    if (clock_settime(CLOCK_REALTIME, &now) == 0 || settimeofday(&(struct timeval){1000, 0}, NULL) == 0) puts("set");
    if (syscall(SYS_adjtimex, (char[208]){1}) != -1) puts("adjusted");
    puts("3");
}
