// ACCEPTED
#include "hostile.h"

int main(void) {
    mkdir("closed", 0700);
    creat("closed/file", 0);
    mkdir("closed/within", 0);
    chmod("closed", 0);
    mkdir("made closed", 0);
    chmod(".", 0);
    puts("3");
}
