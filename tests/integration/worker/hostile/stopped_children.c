// TIME_LIMIT_EXCEEDED
#include "hostile.h"

// Children that are stopped still end with the run.
int main(void) {
    for (int i = 0; i < 20; i++)
        if (fork() == 0)
            for (;;) raise(SIGSTOP);
    sleep(1000);
}
