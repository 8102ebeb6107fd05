// ACCEPTED
#include "hostile.h"

int main(int count, char **arguments) {
    (void)count;
    if (setxattr(arguments[0], "user.note", "x", 1, 0) == 0 || fsetxattr(0, "user.note", "x", 1, 0) == 0) puts("attribute");
    if (fcntl(0, F_SETLEASE, F_RDLCK) == 0) puts("lease");
    puts("3");
}
