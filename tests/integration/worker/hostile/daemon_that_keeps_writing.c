// ACCEPTED
#include "hostile.h"

int main(void) {
    if (fork() == 0 && setsid() != -1)
        for (;;) close(open("left", O_WRONLY | O_CREAT, 0600));
    usleep(50000);
    puts("3");
}
