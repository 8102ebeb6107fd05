// TIME_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            for (;;);
        _exit(0);
    }
    sleep(1000);
}
