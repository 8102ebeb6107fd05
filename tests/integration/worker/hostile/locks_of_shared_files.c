// ACCEPTED
#include "hostile.h"

// Two runs could talk by locks. They are only pretended: a second process gets the same.
int main(void) {
    if (flock(0, LOCK_EX) == -1) return 1;
    if (fork() == 0) _exit(flock(open("/proc/self/exe", O_RDONLY), LOCK_EX | LOCK_NB) == -1);
    wait(NULL);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    fcntl(0, F_SETLK, &lock);
    lock.l_type = F_WRLCK;
    if (fork() == 0) {
        fcntl(0, F_GETLK, &lock);
        _exit(lock.l_type != F_UNLCK);
    }
    int status;
    wait(&status);
    if (status != 0) return 2;
    puts("3");
}
