// ACCEPTED
#include "hostile.h"

// To what it must not reach: symbolic links lead nowhere, hard links cannot be made.
int main(int count, char **arguments) {
    (void)count;
    symlink("/etc/passwd", "program.c");
    symlink("/", "root");
    symlink("..", "above");
    symlink("loop", "loop");
    if (link("/etc/passwd", "passwd") == 0 || link(arguments[0], "program") == 0) puts("hard link");
    if (open("program.c", O_RDONLY) != -1 || open("root", O_RDONLY) != -1) puts("symbolic link");
    if (rename(arguments[0], "moved") == 0 || unlink(arguments[0]) == 0) puts("program moved");
    puts("3");
}
