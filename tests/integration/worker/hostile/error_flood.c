// ACCEPTED
#include "hostile.h"

int main(void) {
    for (int i = 0; i < 200000; i++) fputs("error\n", stderr);
    puts("3");
}
