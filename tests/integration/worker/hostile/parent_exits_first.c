// ACCEPTED
#include "hostile.h"

// The answer is right; what the daemon would write later is nobody's.
int main(void) {
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            sleep(1);
            puts("too late");
            for (;;);
        }
        _exit(0);
    }
    puts("3");
}
