// ACCEPTED
#include "hostile.h"

// A loader that is told to load a library of its own gains nothing.
int main(int count, char **arguments) {
    if (count == 1) {
        setenv("LD_PRELOAD", "/etc/passwd", 1);
        execl(arguments[0], arguments[0], "again", NULL);
        return 1;
    }
    puts("3");
}
