// MEMORY_LIMIT_EXCEEDED
// without namespaces and control groups: TIME_LIMIT_EXCEEDED
#include "hostile.h"

// Buffers of sockets and pipes are in no process.
int main(void) {
    static char chunk[65536];
    for (int i = 0; i < 20; i++)
        if (fork() == 0) {
            int pair[2];
            while (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0)
                for (int end = 0; end < 2; end++)
                    while (write(pair[end], chunk, sizeof chunk) > 0);
            sleep(100);
        }
    sleep(100);
}
