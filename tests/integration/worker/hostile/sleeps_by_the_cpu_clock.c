// TIME_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &(struct timespec){.tv_sec = 1}, NULL);
    for (;;) clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_sec = 100}, NULL);
}
