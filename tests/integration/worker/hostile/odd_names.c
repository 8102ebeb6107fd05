// ACCEPTED
#include "hostile.h"

int main(void) {
    char longest[256];
    memset(longest, 'x', 255);
    longest[255] = 0;
    const char *names[] = {"-rf", "a\nb", "\xff\xfe", " ", "...", "*", "$(reboot)", "'\"", "\033[2J", longest};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (mkdir(names[i], 0700) == -1) return 1;
    puts("3");
}
