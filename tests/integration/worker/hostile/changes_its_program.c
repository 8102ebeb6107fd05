// ACCEPTED
#include "hostile.h"

// The program, its directory and its input are the worker's, or at least stay as they are.
int main(int count, char **arguments) {
    (void)count;
    struct stat before, after;
    char directory[4096];
    strcpy(directory, arguments[0]);
    *strrchr(directory, '/') = 0;
    stat(directory, &before);
    chmod(directory, 0);
    chmod(arguments[0], 0);
    fchmod(0, 0);
    utimensat(AT_FDCWD, directory, NULL, 0);
    futimens(0, NULL);
    chown(directory, getuid(), getgid());
    stat(directory, &after);
    if (before.st_mode != after.st_mode || before.st_mtime != after.st_mtime) puts("changed");
    if (open(arguments[0], O_WRONLY) != -1 || truncate(arguments[0], 0) == 0) puts("program written");
    if (open("/proc/self/fd/0", O_WRONLY) != -1) puts("input written");
    puts("3");
}
